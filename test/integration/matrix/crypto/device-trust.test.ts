/** Which devices their owners have cross-signed. */
import { expect } from 'chai';
import { RetryableError } from '../../../../src/errors.ts';
import { unsignedDevices } from '../../../../src/matrix/crypto/cross-signed.ts';
import type { UserId } from '../../../../src/model/ids.ts';
import { CryptoBridge } from '../../../support/crypto-bridge.ts';
import { StaffDevices, type StaffDevice } from '../../../support/staff-device.ts';

const NOBODY = '@nobody:hospital.test' as UserId;

describe('trust in devices', function () {
  this.timeout(30_000);
  let bridge: CryptoBridge;
  let staff: StaffDevices;
  let nurse: StaffDevice;
  let doctor: StaffDevice;

  before(async () => {
    bridge = await CryptoBridge.start();
    staff = await StaffDevices.open(bridge.homeserver);
    nurse = await staff.add('nurse');
    doctor = await staff.add('doctor', { isSigned: false });
  });

  after(async () => {
    await staff.close();
    await bridge.stop();
  });

  beforeEach(() => {
    for (const { userId } of [nurse, doctor]) bridge.joins(userId);
  });

  const unverified = async () =>
    Object.fromEntries(await bridge.crypto.deviceTrust.unverified([nurse.userId, doctor.userId, NOBODY]));

  const queries = (work: () => Promise<unknown>) => bridge.requestsOf(work);

  it('is in those that the owner has signed', async () => {
    expect(await unverified()).to.deep.equal({ [doctor.userId]: ['PHONE'] });
  });

  it('is known without a request until devices change', async () => {
    expect(await queries(unverified)).to.deep.equal(['keys/query']);
    expect(await queries(() => Promise.all([unverified(), unverified()]))).to.deep.equal([]);
    const locum = await staff.add('locum', { isSigned: false });
    const ofLocum = async () => [...(await bridge.crypto.deviceTrust.unverified([locum.userId])).keys()];
    expect(await ofLocum()).to.deep.equal([locum.userId]);
    await locum.publish(true);
    expect(await ofLocum()).to.deep.equal([locum.userId]);
    bridge.joins(locum.userId);
    expect(await ofLocum()).to.deep.equal([]);
  });

  it('is not in a second device that was not signed', async () => {
    const keys = bridge.homeserver.directory.device(nurse.userId, 'PHONE').keys as Record<string, unknown>;
    bridge.homeserver.directory.device(nurse.userId, 'STOLEN').keys = { ...keys, device_id: 'STOLEN' } as never;
    expect(await unverified()).to.deep.include({ [nurse.userId]: ['STOLEN'] });
    bridge.homeserver.directory.users.get(nurse.userId)?.delete('STOLEN');
  });

  it('is known again after a failure', async () => {
    bridge.homeserver.fault = ({ path }) => (path === 'keys/query' ? { status: 503 } : undefined);
    expect(await unverified().catch((error: unknown) => error)).to.be.instanceOf(RetryableError);
    bridge.homeserver.fault = () => undefined;
    expect(await unverified()).to.deep.equal({ [doctor.userId]: ['PHONE'] });
  });

  it('says nothing of users whose server does not answer', async () => {
    const body = { device_keys: { [doctor.userId]: { X: {} } }, failures: { 'hospital.test': { status: 503 } } };
    bridge.homeserver.fault = ({ path }) => (path === 'keys/query' ? { status: 200, body } : undefined);
    expect(await unverified()).to.deep.equal({});
    bridge.homeserver.fault = () => undefined;
    expect(await unverified()).to.deep.equal({ [doctor.userId]: ['PHONE'] });
  });

  describe('once something was changed', () => {
    type Answer = Record<string, Record<string, Record<string, unknown>>>;

    function answer(): Answer {
      const request = { kind: 'keys-query', body: JSON.stringify({ device_keys: { [nurse.userId]: [] } }) } as const;
      return JSON.parse(bridge.homeserver.directory.answer(nurse.userId, 'PHONE', request)) as Answer;
    }

    const changes: readonly (readonly [string, (answer: Answer, user: UserId) => unknown])[] = [
      ['no identity', (all) => delete all['master_keys']],
      ['no self-signing key', (all) => delete all['self_signing_keys']],
      ['another key', (all, user) => (Object.assign(phone(all, user), { keys: { 'ed25519:PHONE': 'AAAA' } }), 0)],
      ['another algorithm list', (all, user) => Object.assign(phone(all, user), { algorithms: [] })],
      ["another's device", (all, user) => Object.assign(phone(all, user), { user_id: NOBODY })],
      ['no signatures', (all, user) => delete phone(all, user)['signatures']],
      ['text for signatures', (all, user) => Object.assign(phone(all, user), { signatures: 'x' })],
      ['text for a device', (all, user) => Object.assign(all['device_keys']![user]!, { PHONE: 'x' })],
      [
        'deep nonsense in a device',
        (all, user) => {
          let deep: unknown = 1;
          for (let level = 0; level < 10_000; level++) deep = [deep];
          Object.assign(phone(all, user), { deep });
        },
      ],
      [
        'a self-signing key that the master key did not sign',
        (all, user) => Object.assign(all['self_signing_keys']![user]!, { signatures: {} }),
      ],
      [
        'a self-signing key for another use',
        (all, user) => Object.assign(all['self_signing_keys']![user]!, { usage: [] }),
      ],
      ['two master keys', (all, user) => Object.assign(all['master_keys']![user]!['keys'] as object, { other: 'x' })],
    ];

    function phone(all: Answer, user: UserId): Record<string, unknown> {
      return all['device_keys']![user]!['PHONE'] as Record<string, unknown>;
    }

    for (const [title, change] of changes) {
      it(`is not there with ${title}`, () => {
        const all = answer();
        expect(unsignedDevices(all, nurse.userId)).to.deep.equal([]);
        change(all, nurse.userId);
        expect(unsignedDevices(all, nurse.userId)).to.deep.equal(['PHONE']);
      });
    }

    it('is the same where only what is not signed was changed', () => {
      const all = answer();
      Object.assign(phone(all, nurse.userId), { unsigned: { device_display_name: 'x' } });
      expect(unsignedDevices(all, nurse.userId)).to.deep.equal([]);
    });

    it('takes any answer', () => {
      for (const all of [{}, { device_keys: 5 }, { device_keys: { [nurse.userId]: [] } }, { device_keys: null }])
        expect(unsignedDevices(all, nurse.userId)).to.deep.equal([]);
    });
  });
});

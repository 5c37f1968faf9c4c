import { expect } from 'chai';
import type { CarePolicy } from '../../../src/model/care-policy.ts';
import type { UserId } from '../../../src/model/ids.ts';
import type { PhiClass } from '../../../src/model/phi-class.ts';
import { mustVerify } from '../../../src/policy/must-verify.ts';
import { reconcile } from '../../../src/policy/reconcile.ts';
import {
  ADMIN,
  careRoom,
  freshRoom,
  hospitalPolicy,
  NURSE,
  PHYSICIAN,
  ROOM,
  STRANGER,
  THERAPIST,
  withMembers,
} from '../../support/care-room.ts';

/** What is reported of a care team's room of this class, with these in it. */
function reports(
  phiClass: PhiClass,
  members: Readonly<Record<UserId, string>>,
  devices: Readonly<Record<UserId, readonly string[]>>,
  more: Partial<CarePolicy> = {},
): readonly string[] {
  const policy = hospitalPolicy({ unverifiedDevices: new Map(Object.entries(devices) as never), ...more });
  const room = careRoom({ kind: 'care-team', phiClass });
  const found = reconcile(policy, room, withMembers(freshRoom(policy, room), members));
  return found.filter(({ rule }) => rule === 'verified-devices').map(({ kind, why }) => `${kind}: ${why}`);
}

describe('devices that are not verified', () => {
  const classes = (phi: boolean, sensitive: boolean): Partial<CarePolicy> => {
    const { classes: built } = hospitalPolicy();
    return {
      classes: {
        ...built,
        phi: { ...built.phi, areVerifiedDevicesRequired: phi },
        sensitive: { ...built.sensitive, areVerifiedDevicesRequired: sensitive },
      },
    };
  };

  it('of a member are reported where the class requires verified ones, and nowhere else', () => {
    const devices = { [THERAPIST]: ['PHONE'] };
    const report = `report: ${THERAPIST} is in the room with devices that are not verified: PHONE. Verify or sign out.`;
    expect(reports('sensitive', { [THERAPIST]: 'join' }, devices)).to.deep.equal([report]);
    expect(reports('phi', { [THERAPIST]: 'join' }, devices)).to.deep.equal([]);
    expect(reports('none', { [THERAPIST]: 'join' }, devices)).to.deep.equal([]);
    expect(reports('phi', { [THERAPIST]: 'join' }, devices, classes(true, true))).to.deep.equal([report]);
    expect(reports('sensitive', { [THERAPIST]: 'join' }, devices, classes(false, false))).to.deep.equal([]);
  });

  it('are nobody’s business where their owner is not in the room', () => {
    for (const membership of ['invite', 'leave', 'ban']) {
      expect(reports('sensitive', { [THERAPIST]: membership }, { [THERAPIST]: ['PHONE'] })).to.deep.equal([]);
    }
    expect(reports('sensitive', { [THERAPIST]: 'join' }, { [ADMIN]: ['PHONE'] })).to.deep.equal([]);
  });

  it('are named up to three, and never by an id that holds a number', () => {
    const [words] = reports(
      'sensitive',
      { [THERAPIST]: 'join' },
      { [THERAPIST]: ['+12125550123', 'A', 'B', 'C', 'D'] },
    );
    expect(words).to.include('not verified: A, B, C, 2 more.').and.not.to.include('555');
  });

  it('are looked for with those who may be in such a room: by role, or in an emergency', () => {
    expect(mustVerify(hospitalPolicy())).to.have.members([ADMIN, THERAPIST]);
    expect(mustVerify(hospitalPolicy(classes(true, true)))).to.have.members([ADMIN, NURSE, PHYSICIAN, THERAPIST]);
    expect(mustVerify(hospitalPolicy(classes(false, false)))).to.deep.equal([]);
    const emergencies = new Map([[ROOM, new Set([STRANGER])]]);
    expect(mustVerify(hospitalPolicy({ emergencies }))).to.have.members([ADMIN, THERAPIST, STRANGER]);
  });
});

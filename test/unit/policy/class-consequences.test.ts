/** What each PHI class fixes of a room, one consequence at a time: in the room from its first event, and put back where it is changed (A5, E1). */
import { expect } from 'chai';
import type { ClassRules } from '../../../src/model/care-policy.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { PHI_CLASSES, type PhiClass } from '../../../src/model/phi-class.ts';
import { stateId } from '../../../src/model/room-snapshot.ts';
import { governedRoomPlan } from '../../../src/policy/governed-room-plan.ts';
import { mayBeIn } from '../../../src/policy/may-be-in.ts';
import { reconcile } from '../../../src/policy/reconcile.ts';
import { ADMIN, careRoom, freshRoom, hospitalPolicy, ICU_SPACE, OUTSIDER, withState } from '../../support/care-room.ts';

const policy = hospitalPolicy();
const OTHER_BOT = '@draupnir:hospital.test' as UserId;
const room = (phiClass: PhiClass) => careRoom({ kind: 'care-team', phiClass });

interface Consequence {
  readonly what: string;
  readonly type: string;
  readonly field: string;
  readonly of: Readonly<Record<PhiClass, unknown>>;
  /** What somebody writes instead, in place of what a class fixes. */
  readonly instead: unknown;
}

const RESTRICTED = 'restricted';
const OWN = ['hospital.test'];
const CONSEQUENCES: readonly Consequence[] = [
  {
    what: 'encryption',
    type: 'm.room.encryption',
    field: 'algorithm',
    instead: 'none',
    of: { none: undefined, phi: 'm.megolm.v1.aes-sha2', sensitive: 'm.megolm.v1.aes-sha2' },
  },
  {
    what: 'history',
    type: 'm.room.history_visibility',
    field: 'history_visibility',
    instead: 'world_readable',
    of: { none: 'shared', phi: 'joined', sensitive: 'joined' },
  },
  {
    what: 'joining',
    type: 'm.room.join_rules',
    field: 'join_rule',
    instead: 'public',
    of: { none: RESTRICTED, phi: RESTRICTED, sensitive: 'invite' },
  },
  {
    what: 'guests',
    type: 'm.room.guest_access',
    field: 'guest_access',
    instead: 'can_join',
    of: { none: 'forbidden', phi: 'forbidden', sensitive: 'forbidden' },
  },
  {
    what: 'other servers (ACL)',
    type: 'm.room.server_acl',
    field: 'allow',
    instead: ['*'],
    of: { none: undefined, phi: OWN, sensitive: OWN },
  },
  {
    what: 'who may invite',
    type: 'm.room.power_levels',
    field: 'invite',
    instead: 25,
    of: { none: 0, phi: 50, sensitive: 90 },
  },
];

describe('a PHI class fixes', () => {
  for (const { what, type, field, of, instead } of CONSEQUENCES) {
    for (const phiClass of PHI_CLASSES) {
      it(`${what} of ${phiClass}`, () => {
        const fresh = freshRoom(policy, room(phiClass));
        const content = fresh.state.get(stateId(type))?.content;
        expect(content?.[field]).to.deep.equal(of[phiClass]);
        const changed = withState(fresh, type, { ...content, [field]: instead });
        const repair = reconcile(policy, room(phiClass), changed).find(({ kind }) => kind === 'set-state');
        if (of[phiClass] === undefined) expect(repair).to.equal(undefined);
        else expect(repair).to.have.nested.property(`after.${field}`).that.deep.equals(of[phiClass]);
      });
    }
  }

  it('that members of the unit’s space join, where it is not by invitation alone', () => {
    for (const phiClass of ['none', 'phi'] as const) {
      const rule = freshRoom(policy, room(phiClass)).state.get(stateId('m.room.join_rules'))?.content;
      expect(rule?.['allow']).to.deep.equal([{ type: 'm.room_membership', room_id: ICU_SPACE }]);
    }
  });

  const rest: readonly (readonly [string, (phiClass: PhiClass) => unknown, Readonly<Record<PhiClass, unknown>>])[] = [
    [
      'm.federate when the room is made',
      (phiClass) => governedRoomPlan(policy, room(phiClass), '12', 'key').federate,
      { none: true, phi: false, sensitive: false },
    ],
    [
      'who of other servers may be in',
      (phiClass) => refusalOf(room(phiClass), OUTSIDER),
      { none: 'no-role', phi: 'other-server', sensitive: 'other-server' },
    ],
    [
      'that verified devices are required',
      (phiClass) => {
        const unverifiedDevices = new Map([[ADMIN, ['PHONE']]]);
        const fresh = freshRoom(policy, room(phiClass));
        const members = new Map([...fresh.members, [ADMIN, 'join'] as const]);
        const found = reconcile({ ...policy, unverifiedDevices }, room(phiClass), { ...fresh, members });
        return found.some(({ rule }) => rule === 'verified-devices');
      },
      { none: false, phi: false, sensitive: true },
    ],
    [
      'whether conversations text out',
      (phiClass) => policy.classes[phiClass].mayTextOut,
      { none: true, phi: true, sensitive: false },
    ],
    [
      'the row of the retention table',
      (phiClass) => policy.classes[phiClass].retentionClass,
      { none: 'general', phi: 'phi', sensitive: 'sensitive' },
    ],
  ];
  for (const [what, of, expected] of rest) {
    it(what, () => {
      expect(Object.fromEntries(PHI_CLASSES.map((phiClass) => [phiClass, of(phiClass)]))).to.deep.equal(expected);
    });
  }

  it('which other bots may be in: none, and never one with a bridge or a widget of its own', () => {
    for (const phiClass of PHI_CLASSES) expect(refusalOf(room(phiClass), OTHER_BOT)).to.equal('no-role');
    const allowed = hospitalPolicy({
      classes: { ...policy.classes, phi: { ...policy.classes.phi, allowedBots: new Set([OTHER_BOT]) } },
    });
    expect(mayBeIn(allowed, room('phi'), OTHER_BOT).allowed).to.equal(true);
    expect(mayBeIn(allowed, room('sensitive'), OTHER_BOT).allowed).to.equal(false);
    for (const type of ['m.bridge', 'uk.half-shot.bridge', 'm.widget', 'im.vector.modular.widgets']) {
      const changes = (phiClass: PhiClass) =>
        reconcile(
          policy,
          room(phiClass),
          withState(freshRoom(policy, room(phiClass)), type, { url: 'https://x' }, { stateKey: 'x' }),
        ).map(({ rule }) => rule);
      expect([changes('none'), changes('phi'), changes('sensitive')], type).to.deep.equal([
        [],
        ['outside-services'],
        ['outside-services'],
      ]);
    }
  });

  it('nothing that is not named here', () => {
    const named: readonly (keyof ClassRules)[] = [
      ...([
        'isEncryptionRequired',
        'historyVisibility',
        'joining',
        'areGuestsAllowed',
        'federation',
        'invitePower',
      ] as const),
      ...(['allowedBots', 'areVerifiedDevicesRequired', 'retentionClass', 'mayTextOut', 'marker'] as const),
    ];
    for (const phiClass of PHI_CLASSES) expect(policy.classes[phiClass]).to.have.all.keys(...named);
  });
});

function refusalOf(of: ReturnType<typeof room>, user: UserId): string | undefined {
  const admission = mayBeIn(policy, of, user);
  return admission.allowed ? undefined : admission.code;
}

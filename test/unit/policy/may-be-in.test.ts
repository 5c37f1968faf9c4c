import { expect } from 'chai';
import type { GovernedRoom } from '../../../src/model/governed-room.ts';
import type { RoomId, UserId } from '../../../src/model/ids.ts';
import { BUILT_IN_CLASSES } from '../../../src/model/built-in-classes.ts';
import type { CarePolicy } from '../../../src/model/care-policy.ts';
import type { UnitId } from '../../../src/model/role.ts';
import { mayBeIn } from '../../../src/policy/may-be-in.ts';
import { mustBeIn } from '../../../src/policy/must-be-in.ts';
import {
  ADMIN,
  BOT,
  careRoom,
  GHOST,
  hospitalPolicy,
  NURSE,
  OTHER_GHOST,
  OUTSIDER,
  PHYSICIAN,
  ROOM,
  STRANGER,
  THERAPIST,
} from '../../support/care-room.ts';

const PATIENT: Partial<GovernedRoom> = {};
const PATIENT_ICU: Partial<GovernedRoom> = { unit: 'icu' as UnitId };
const SENSITIVE: Partial<GovernedRoom> = { phiClass: 'sensitive' };
const TEAM: Partial<GovernedRoom> = { kind: 'care-team' };
const TEAM_OF_ANOTHER: Partial<GovernedRoom> = { kind: 'care-team', unit: 'surgery' as UnitId };
const TEAM_OF_NONE: Partial<GovernedRoom> = { kind: 'care-team', unit: undefined };
const SENSITIVE_TEAM: Partial<GovernedRoom> = { kind: 'care-team', phiClass: 'sensitive' };
const COMMAND: Partial<GovernedRoom> = { kind: 'command', unit: undefined };
const SECURITY: Partial<GovernedRoom> = { kind: 'security', unit: undefined };
const SPACE: Partial<GovernedRoom> = { kind: 'unit', phiClass: 'none' };
const BRIDGE_BOT = '@draupnir:hospital.test' as UserId;

/** `phi` rooms take in another server and another bot. */
const WIDER: Partial<CarePolicy> = {
  classes: {
    ...BUILT_IN_CLASSES,
    phi: { ...BUILT_IN_CLASSES.phi, federation: ['elsewhere.test'], allowedBots: new Set([BRIDGE_BOT]) },
  },
};
const EMERGENCY: Partial<CarePolicy> = { emergencies: new Map([[ROOM, new Set([STRANGER, OUTSIDER])]]) };

const CASES: readonly [
  room: Partial<GovernedRoom>,
  user: UserId,
  /** `yes`, or the code of the refusal. */
  expected: string,
  policy?: Partial<CarePolicy>,
][] = [
  [PATIENT, BOT, 'yes'],
  [PATIENT, GHOST, 'yes'],
  [PATIENT, OTHER_GHOST, 'other-ghost'],
  [PATIENT, NURSE, 'yes'],
  [PATIENT, ADMIN, 'yes'],
  [PATIENT, PHYSICIAN, 'no-team'],
  [PATIENT_ICU, PHYSICIAN, 'yes'],
  [PATIENT, STRANGER, 'no-role'],
  [PATIENT, OUTSIDER, 'other-server'],
  [PATIENT, STRANGER, 'yes', EMERGENCY],
  [PATIENT, OUTSIDER, 'other-server', EMERGENCY],
  [{ roomId: '!another' as RoomId }, STRANGER, 'no-role', EMERGENCY],
  [PATIENT, OUTSIDER, 'no-role', WIDER],
  [PATIENT, BRIDGE_BOT, 'yes', WIDER],
  [SENSITIVE, BRIDGE_BOT, 'no-role', WIDER],
  [COMMAND, BRIDGE_BOT, 'no-commands', WIDER],
  [SENSITIVE, NURSE, 'no-class'],
  [SENSITIVE, ADMIN, 'yes'],
  [TEAM, GHOST, 'other-ghost'],
  [TEAM, NURSE, 'no-unit'],
  [TEAM, PHYSICIAN, 'yes'],
  [TEAM, ADMIN, 'yes'],
  [TEAM_OF_ANOTHER, PHYSICIAN, 'no-unit'],
  [TEAM_OF_NONE, PHYSICIAN, 'yes'],
  [TEAM_OF_NONE, NURSE, 'yes'],
  [SENSITIVE_TEAM, PHYSICIAN, 'no-class'],
  [SENSITIVE_TEAM, THERAPIST, 'yes'],
  [COMMAND, NURSE, 'yes'],
  [COMMAND, ADMIN, 'yes'],
  [COMMAND, PHYSICIAN, 'no-commands'],
  [COMMAND, GHOST, 'other-ghost'],
  [SECURITY, ADMIN, 'yes'],
  [SECURITY, NURSE, 'no-security'],
  [SPACE, PHYSICIAN, 'yes'],
  [SPACE, STRANGER, 'no-role'],
];

describe('mayBeIn', () => {
  for (const [index, [room, user, expected, more]] of CASES.entries()) {
    it(`${index + 1}: ${user} in ${careRoom(room).kind} ${careRoom(room).phiClass}: ${expected} (A5, A6)`, () => {
      const policy = hospitalPolicy(more);
      const governed = careRoom(room);
      const conversation = { conversation: governed.kind === 'conversation' ? governed.conversation : undefined };
      const admission = mayBeIn(policy, { ...governed, ...conversation }, user);
      expect(admission.allowed ? 'yes' : admission.code).to.equal(expected);
      if (!admission.allowed) expect(admission.message).to.match(/^[a-z].*\.$/);
    });
  }

  it('is not moved by what a unit’s name or a role says', () => {
    const admission = mayBeIn(hospitalPolicy(), careRoom(TEAM), NURSE);
    expect(admission).to.have.property('message', 'this room belongs to Intensive care, and none of your roles does.');
  });
});

describe('mustBeIn', () => {
  const cases: readonly [what: string, room: Partial<GovernedRoom>, who: readonly UserId[]][] = [
    ['the team in a patient’s room', PATIENT, [NURSE]],
    ['nobody in a sensitive room whose team may not see it', SENSITIVE, []],
    ['nobody in a care team: people choose', TEAM, []],
    ['who commands in the command room', COMMAND, [ADMIN, NURSE]],
    ['who watches in the security room', SECURITY, [ADMIN]],
    ['the staff of the unit in its space, not who is everywhere', SPACE, [PHYSICIAN, THERAPIST]],
  ];
  for (const [what, room, who] of cases) {
    it(what, () => {
      expect(mustBeIn(hospitalPolicy(), careRoom(room))).to.deep.equal(who);
    });
  }
});

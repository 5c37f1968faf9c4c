import { expect } from 'chai';
import type { UserId } from '../../../src/model/ids.ts';
import { refuseTarget, type AccountTarget, type TargetRefusalCode } from '../../../src/policy/account-target.ts';

const ADMIN = '@admin:hospital.test' as UserId;
const OTHER_ADMIN = '@other-admin:hospital.test' as UserId;
const LEE = '@lee:hospital.test' as UserId;
const BASE: AccountTarget = {
  action: 'lock',
  actor: ADMIN,
  target: LEE,
  namespace: { bot: '@carebot:hospital.test' as UserId, ghostPrefix: '_carebridge', domain: 'hospital.test' },
  isServerAdmin: false,
  protectedUsers: new Set(['@alarm:hospital.test' as UserId]),
  managers: new Set([ADMIN, OTHER_ADMIN]),
  standing: 'here',
  isApproved: false,
};

const CASES: readonly [what: string, changes: Partial<AccountTarget>, expected: TargetRefusalCode | undefined][] = [
  ['an ordinary user', {}, undefined],
  ['a user of another server', { target: '@lee:elsewhere.test' as UserId }, 'other-server'],
  ['a server whose name only ends alike', { target: '@lee:evil-hospital.test' as UserId }, 'other-server'],
  ['the bot', { target: '@carebot:hospital.test' as UserId }, 'ours'],
  ['a ghost', { target: '@_carebridge_abc:hospital.test' as UserId }, 'ours'],
  ['the appservice’s sender', { target: '@_carebridge:hospital.test' as UserId }, 'ours'],
  ['the bot, only looked at', { action: 'look', target: '@carebot:hospital.test' as UserId }, 'ours'],
  ['a protected account', { target: '@alarm:hospital.test' as UserId }, 'protected'],
  ['a protected account’s sessions', { action: 'end-sessions', target: '@alarm:hospital.test' as UserId }, 'protected'],
  ['a protected account, to unlock it', { action: 'unlock', target: '@alarm:hospital.test' as UserId }, undefined],
  ['a server admin', { isServerAdmin: true }, 'server-admin'],
  ['a server admin’s sessions', { action: 'end-sessions', isServerAdmin: true }, 'server-admin'],
  ['a server admin, with a second person', { isServerAdmin: true, isApproved: true }, undefined],
  [
    'a protected account, with a second person',
    { target: '@alarm:hospital.test' as UserId, isApproved: true },
    'protected',
  ],
  ['oneself', { target: ADMIN }, 'oneself'],
  ['oneself, to suspend', { action: 'suspend', target: ADMIN }, 'oneself'],
  ['oneself, to offboard', { action: 'offboard', target: ADMIN }, 'oneself'],
  ['one’s own lost phone', { action: 'end-sessions', target: ADMIN }, undefined],
  [
    'the lost phone of oneself who is a server admin',
    { action: 'end-sessions', target: ADMIN, isServerAdmin: true },
    undefined,
  ],
  ['the last one who can manage accounts', { actor: LEE, target: ADMIN, managers: new Set([ADMIN]) }, 'last-admin'],
  [
    'the last, even with a second person',
    { actor: LEE, target: ADMIN, managers: new Set([ADMIN]), isApproved: true },
    'last-admin',
  ],
  ['one of two who can', { target: OTHER_ADMIN }, undefined],
  ['whoever was offboarded, to unlock them', { action: 'unlock', standing: 'gone' }, 'gone'],
  ['whoever was offboarded, to take them back', { action: 'reactivate', standing: 'gone' }, undefined],
  ['whoever was offboarded, to offboard them again', { action: 'offboard', standing: 'gone' }, undefined],
  ['whoever is being offboarded, to unlock them', { action: 'unlock', standing: 'leaving' }, 'leaving'],
  ['whoever is being offboarded, to take them back', { action: 'reactivate', standing: 'leaving' }, 'leaving'],
  ['whoever is being offboarded, to offboard them again', { action: 'offboard', standing: 'leaving' }, 'leaving'],
  ['whoever is being offboarded, to lock them', { standing: 'leaving' }, undefined],
  ['the sessions of whoever is being offboarded', { action: 'end-sessions', standing: 'leaving' }, undefined],
  ['a user of whom it is not known whether they are admin', { isServerAdmin: undefined }, undefined],
];

describe('whose account may be acted on (A9)', () => {
  for (const [what, changes, expected] of CASES) {
    it(`A9 ${expected === undefined ? 'allows' : 'refuses'} ${what}`, () => {
      const refusal = refuseTarget({ ...BASE, ...changes });
      expect(refusal?.code).to.equal(expected);
      if (refusal) expect(refusal.message).to.match(/Nothing|Ask|Give|cannot/);
    });
  }
});

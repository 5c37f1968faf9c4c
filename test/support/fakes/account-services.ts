import type { AccountProcedureStore } from '../../../src/ports/account-procedure-store.ts';
import type { AccountStateStore } from '../../../src/ports/account-state-store.ts';
import type { WatchedDeviceStore } from '../../../src/ports/watched-device-store.ts';
import { FindAccount } from '../../../src/services/find-account.ts';
import { ListDevices } from '../../../src/services/list-devices.ts';
import { LockAccount } from '../../../src/services/lock-account.ts';
import { LostDevice } from '../../../src/services/lost-device.ts';
import { OffboardAccount } from '../../../src/services/offboard-account.ts';
import type { OffboardProcedureParts } from '../../../src/services/offboard-procedures.ts';
import { ReactivateAccount } from '../../../src/services/reactivate-account.ts';
import { SuspendAccount } from '../../../src/services/suspend-account.ts';
import { UnlockAccount } from '../../../src/services/unlock-account.ts';
import { Whois } from '../../../src/services/whois.ts';
import type { Namespace } from '../../../src/model/namespace.ts';
import { TellOwner, type TellOwnerParts } from '../../../src/services/tell-owner.ts';
import { TellSecurity } from '../../../src/services/tell-security.ts';
import { FakeAccounts } from './fake-accounts.ts';
import { FakeRoomControl } from './fake-room-control.ts';

type Parts = Pick<TellOwnerParts, 'rooms'> &
  Omit<
    OffboardProcedureParts,
    | 'accounts'
    | 'accountStates'
    | 'accountProcedures'
    | 'auditTrail'
    | 'watchedDevices'
    | 'roomKeys'
    | 'recordConfigured'
    | 'security'
    | 'protectedUsers'
    | 'adminAccount'
    | 'roomControl'
    | 'emergencies'
    | 'now'
  > & { readonly namespace: Namespace; readonly prefix: string };

const NO_STATES: AccountStateStore = {
  current: async () => [],
  reread: async () => undefined,
  find: async () => undefined,
  set: async () => undefined,
  replace: async () => undefined,
};
const NO_DEVICES: WatchedDeviceStore = {
  of: async () => [],
  set: async () => undefined,
  remove: async () => undefined,
  addNotice: async () => undefined,
  ofNotice: async () => undefined,
};
const NO_PROCEDURES = { begin: async () => false, unfinished: async () => [] } as unknown as AccountProcedureStore;

/** Account control over accounts in memory, of which there are none. */
export function accountServices(parts: Parts) {
  const accounts = new FakeAccounts();
  const shared = {
    ...parts,
    accounts,
    accountStates: NO_STATES,
    accountProcedures: NO_PROCEDURES,
    watchedDevices: NO_DEVICES,
    auditTrail: { find: async () => undefined, open: () => ({}) },
    roomKeys: { rotate: async () => undefined },
    recordConfigured: undefined,
    security: new TellSecurity(parts),
    protectedUsers: new Set<never>(),
    adminAccount: async () => undefined,
    roomControl: new FakeRoomControl(parts.namespace.bot),
    emergencies: { endAllOf: async () => [] },
  };
  return {
    findAccount: new FindAccount({ ...shared, senderOf: async () => undefined }),
    listDevices: new ListDevices(shared, parts.prefix),
    lostDevice: new LostDevice({ ...shared, tellOwner: new TellOwner(parts) }),
    lockAccount: new LockAccount(shared),
    unlockAccount: new UnlockAccount(shared),
    suspendAccount: new SuspendAccount(shared),
    reactivateAccount: new ReactivateAccount(shared),
    offboardAccount: new OffboardAccount(shared),
    whois: new Whois(shared),
  };
}

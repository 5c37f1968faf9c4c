import type { Config } from '../config/config.ts';
import { adminAccount } from '../matrix/accounts/admin-account.ts';
import { openAccounts } from '../matrix/accounts/detect.ts';
import { readEvent } from '../matrix/read-event.ts';
import { FindAccount } from '../services/find-account.ts';
import { FollowCommandLine } from '../services/follow-command-line.ts';
import { ListDevices } from '../services/list-devices.ts';
import { LockAccount } from '../services/lock-account.ts';
import { LostDevice } from '../services/lost-device.ts';
import { OffboardAccount } from '../services/offboard-account.ts';
import { ReactivateAccount } from '../services/reactivate-account.ts';
import { ReviewAccess } from '../services/review-access.ts';
import { SuspendAccount } from '../services/suspend-account.ts';
import { TellOwner } from '../services/tell-owner.ts';
import { UnlockAccount } from '../services/unlock-account.ts';
import { WatchSignIns } from '../services/watch-sign-ins.ts';
import { Whois } from '../services/whois.ts';
import type { CommonParts } from './common-parts.ts';
import type { Governance } from './governance.ts';
import type { MatrixSide } from './matrix-side.ts';

/** The use cases that concern accounts and their sessions. */
export type AccountControl = ReturnType<typeof makeAccountControl>;

/** Makes them. Which server controls the accounts is found out when it is first needed. */
export function makeAccountControl(parts: CommonParts, governance: Governance, config: Config, matrix: MatrixSide) {
  const { adapter, adminToken, mas, protectedUsers, watch } = config.accounts;
  const homeserverUrl = config.homeserver.url;
  const accounts = openAccounts({ adapter, adminToken, mas, homeserverUrl, asToken: matrix.asToken });
  const { homeserver } = matrix.appservice;
  const { bot } = parts.namespace;
  const shared = {
    ...parts,
    accounts,
    protectedUsers,
    adminAccount: adminAccount({ homeserverUrl, adminToken, log: parts.log }),
    roomKeys: matrix.crypto,
  };
  return {
    accounts,
    findAccount: new FindAccount({
      ...shared,
      senderOf: async (roomId, eventId) => (await readEvent(homeserver, bot, roomId, eventId))?.sender,
    }),
    listDevices: new ListDevices(shared, parts.prefix),
    lostDevice: new LostDevice({ ...shared, tellOwner: new TellOwner(parts) }),
    lockAccount: new LockAccount(shared),
    unlockAccount: new UnlockAccount(shared),
    suspendAccount: new SuspendAccount(shared),
    reactivateAccount: new ReactivateAccount(shared),
    offboardAccount: new OffboardAccount({
      ...shared,
      roomControl: parts.control,
      emergencies: governance.endBreakGlass,
    }),
    whois: new Whois(shared),
    followCommandLine: new FollowCommandLine(shared),
    reviewAccess: new ReviewAccess({ ...parts, devicesOf: (user) => accounts.devices(user) }),
    watchSignIns: new WatchSignIns({
      ...shared,
      deviceTrust: matrix.crypto.deviceTrust,
      limits: watch,
      everyMs: watch.everyMs,
    }),
  };
}

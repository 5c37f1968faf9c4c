import type { Config } from '../config/config.ts';
import type { AccountProcedureStore } from '../ports/account-procedure-store.ts';
import type { AccountStateStore } from '../ports/account-state-store.ts';
import type { ArchiveQueue } from '../ports/archive-queue.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditTrail } from '../ports/audit-trail.ts';
import type { ConfirmationStore } from '../ports/confirmation-store.ts';
import type { ConsentStore } from '../ports/consent-store.ts';
import type { ConversationStore } from '../ports/conversation-store.ts';
import type { EmergencyAccessStore } from '../ports/emergency-access-store.ts';
import type { GovernedRoomStore } from '../ports/governed-room-store.ts';
import type { IdentityStore } from '../ports/identity-store.ts';
import type { InboxStore } from '../ports/inbox-store.ts';
import type { MatrixEventStore } from '../ports/matrix-event-store.ts';
import type { MediaIndex } from '../ports/media-index.ts';
import type { NoticeStore } from '../ports/notice-store.ts';
import type { OutboxStore } from '../ports/outbox-store.ts';
import type { ParkedStores } from '../ports/parked-store.ts';
import type { PolicyVersionStore } from '../ports/policy-version-store.ts';
import type { RoleStore } from '../ports/role-store.ts';
import type { SettingsStore } from '../ports/settings-store.ts';
import type { Transactions } from '../ports/transactions.ts';
import type { WatchedDeviceStore } from '../ports/watched-device-store.ts';
import { migrate } from './migrate.ts';
import { NumberHash } from './number-hash.ts';
import { openDatabase } from './open-database.ts';
import { parkedStores } from './parked-table.ts';
import { PhiCipher } from './phi-cipher.ts';
import { openPhiKeys } from './phi-keys.ts';
import { SequelizeAccountProcedureStore } from './sequelize-account-procedure-store.ts';
import { SequelizeAccountStateStore } from './sequelize-account-state-store.ts';
import { SequelizeArchiveQueue } from './sequelize-archive-queue.ts';
import { SequelizeAuditLog } from './sequelize-audit-log.ts';
import { SequelizeConfirmationStore } from './sequelize-confirmation-store.ts';
import { SequelizeConsentStore } from './sequelize-consent-store.ts';
import { SequelizeConversationStore } from './sequelize-conversation-store.ts';
import { SequelizeEmergencyAccessStore } from './sequelize-emergency-access-store.ts';
import { SequelizeGovernedRoomStore } from './sequelize-governed-room-store.ts';
import { SequelizeIdentityStore } from './sequelize-identity-store.ts';
import { SequelizeInboxStore } from './sequelize-inbox-store.ts';
import { SequelizeMatrixEventStore } from './sequelize-matrix-event-store.ts';
import { SequelizeMediaIndex } from './sequelize-media-index.ts';
import { SequelizeNoticeStore } from './sequelize-notice-store.ts';
import { SequelizeOutboxStore } from './sequelize-outbox-store.ts';
import { SequelizePolicyVersionStore } from './sequelize-policy-version-store.ts';
import { SequelizeRoleStore } from './sequelize-role-store.ts';
import { SequelizeSettingsStore } from './sequelize-settings-store.ts';
import { SequelizeWatchedDeviceStore } from './sequelize-watched-device-store.ts';
import { problemOf } from './storage-fault.ts';
import type { UnreadableRow } from './storage-parts.ts';
import { wipeFinished, type Swept } from './wipe-finished.ts';

/** The open database: every repository, and what concerns the whole. */
export interface Storage extends AsyncDisposable {
  readonly transactions: Transactions;
  readonly inbox: InboxStore;
  readonly outbox: OutboxStore;
  readonly notices: NoticeStore;
  readonly matrixEvents: MatrixEventStore;
  /** What these five have given up. */
  readonly parked: ParkedStores;
  readonly conversations: ConversationStore;
  readonly consents: ConsentStore;
  readonly identities: IdentityStore;
  readonly settings: SettingsStore;
  readonly media: MediaIndex;
  readonly archiveQueue: ArchiveQueue;
  readonly roles: RoleStore;
  readonly policyVersions: PolicyVersionStore;
  readonly governedRooms: GovernedRoomStore;
  readonly emergencyAccess: EmergencyAccessStore;
  readonly confirmations: ConfirmationStore;
  readonly accountProcedures: AccountProcedureStore;
  readonly accountStates: AccountStateStore;
  readonly watchedDevices: WatchedDeviceStore;
  readonly audit: AuditLog;
  /** The audit log for its readers, and its checkpoints. */
  readonly auditTrail: AuditTrail;
  readonly schemaVersion: number;
  /** Wipes and removes what is over, as docs/retention.md says. To be called from time to time, e.g. once a minute. */
  wipeFinished(now: number): Promise<Swept>;
  /** Until when nothing could be written, Unix ms: now where it is so; undefined: there was no such time since it was opened. */
  awayUntil(): number | undefined;
  /** undefined where the database answers, else what is wrong in PHI-free words: for `/ready` and `doctor`. */
  check(): Promise<string | undefined>;
  /** Waits for what is at work; an SQLite file is then complete in itself. Calling it twice does no harm. */
  close(): Promise<void>;
}

/** What opening needs to know of the configuration. */
export type StorageSettings = Pick<Config, 'database' | 'secrets'> & {
  readonly retention: Pick<Config['retention'], 'wipeAfterMs'>;
};

/**
 * Opens the database, brings its schema up to date and checks its PHI keys. Throws ConfigError where that cannot be done as it is configured: the
 * message says what to do. `onUnreadable` tells people of each row that is given up because it cannot be decrypted: see `StorageParts`.
 */
export async function openStorage(
  config: StorageSettings,
  onUnreadable: (row: UnreadableRow) => Promise<void> = async () => undefined,
): Promise<Storage> {
  const cipher = new PhiCipher(config.secrets.phiKeys);
  const { database, checkpoint, close } = await openDatabase(config.database);
  try {
    const schemaVersion = await migrate(database);
    const numberHash = new NumberHash(await openPhiKeys(database, cipher));
    const { wipeAfterMs } = config.retention;
    const parts = { database, cipher, numberHash, wipeAtOnce: wipeAfterMs === 0, onUnreadable };
    const conversations = new SequelizeConversationStore(parts);
    const audit = new SequelizeAuditLog(parts);
    let closed: Promise<void> | undefined;
    const closeOnce = () => (closed ??= close());
    return {
      transactions: database,
      inbox: new SequelizeInboxStore(parts),
      outbox: new SequelizeOutboxStore(parts, conversations),
      notices: new SequelizeNoticeStore(parts),
      matrixEvents: new SequelizeMatrixEventStore(parts),
      parked: parkedStores(parts),
      conversations,
      consents: new SequelizeConsentStore(parts),
      identities: new SequelizeIdentityStore(parts),
      settings: new SequelizeSettingsStore(parts),
      media: new SequelizeMediaIndex(parts),
      archiveQueue: new SequelizeArchiveQueue(parts),
      roles: new SequelizeRoleStore(parts),
      policyVersions: new SequelizePolicyVersionStore(parts),
      governedRooms: new SequelizeGovernedRoomStore(parts),
      emergencyAccess: new SequelizeEmergencyAccessStore(parts),
      confirmations: new SequelizeConfirmationStore(parts),
      accountProcedures: new SequelizeAccountProcedureStore(parts),
      accountStates: new SequelizeAccountStateStore(parts),
      watchedDevices: new SequelizeWatchedDeviceStore(parts),
      audit,
      auditTrail: audit,
      schemaVersion,
      async wipeFinished(now) {
        const swept = await wipeFinished(database, wipeAfterMs, now);
        if (swept.wiped + swept.removed > 0) await checkpoint();
        return swept;
      },
      awayUntil: () => database.outage.until(),
      check: () => problemOf(() => database.read((transaction) => database.select(transaction, 'SELECT 1'))),
      close: closeOnce,
      [Symbol.asyncDispose]: closeOnce,
    };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

import { Op, type InferAttributes, type Transaction } from 'sequelize';
import { RetryableError } from '../errors.ts';
import { auditHash, GENESIS, type AuditCheckpoint, type AuditRow } from '../model/audit-chain.ts';
import type { AuditEntry } from '../model/audit-entry.ts';
import type { AuditLog } from '../ports/audit-log.ts';
import type { AuditContent, AuditFilter, AuditTrail } from '../ports/audit-trail.ts';
import { insertOnce } from './insert-once.ts';
import { auditModels, type AuditCheckpointModel, type AuditLogModel } from './models/audit-models.ts';
import type { StorageParts } from './storage-parts.ts';
import { toStorageFault } from './storage-fault.ts';

/** PostgreSQL advisory lock of whoever appends, held until the commit; the number only has to be ours. */
const CHAIN_LOCK = 5_201_907_245;
/** Longer clear-text fields are cut: none of ours is, and a stranger's must not fill the disk. Characters. */
const MAX_FIELD = 1_024;

/** The audit log: rows are added, each bound to the one before by its hash, and triggers refuse everything else. */
export class SequelizeAuditLog implements AuditLog, AuditTrail {
  readonly #parts: StorageParts;
  readonly #models: ReturnType<typeof auditModels>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#models = auditModels(parts.database.sequelize);
  }

  async append(entry: AuditEntry & { readonly id: string }): Promise<void> {
    try {
      await this.#parts.database.atomic((transaction) => this.#append(transaction, entry));
    } catch (error) {
      const cause = toStorageFault(error);
      throw cause instanceof RetryableError ? cause : new RetryableError('The audit log cannot be written.', { cause });
    }
  }

  async rows(afterSeq: number, limit: number, filter: AuditFilter = {}): Promise<readonly AuditRow[]> {
    const { from, to, user, room, action } = filter;
    const where = {
      seq: { [Op.gt]: afterSeq },
      ...((from !== undefined || to !== undefined) && {
        at: { ...(from !== undefined && { [Op.gte]: from }), ...(to !== undefined && { [Op.lt]: to }) },
      }),
      ...(user !== undefined && { [Op.or]: [{ actor: user }, { target: user }] }),
      ...(room !== undefined && { roomId: room }),
      ...(action !== undefined && { action }),
    };
    const records = await this.#parts.database.read((transaction) =>
      this.#models.log.findAll({ where, order: ['seq'], limit, raw: true, transaction }),
    );
    return records.map(toRow);
  }

  async find(id: string): Promise<AuditRow | undefined> {
    const record = await this.#parts.database.read((transaction) =>
      this.#models.log.findOne({ where: { id: field(id) }, raw: true, transaction }),
    );
    return record === null ? undefined : toRow(record);
  }

  async head(): Promise<{ seq: number; hash: string } | undefined> {
    return this.#parts.database.read((transaction) => this.#head(transaction));
  }

  async writtenAt(seq: number): Promise<number | undefined> {
    const record = await this.#parts.database.read((transaction) =>
      this.#models.log.findByPk(seq, { attributes: ['at'], raw: true, transaction }),
    );
    return record === null ? undefined : Number(record.at);
  }

  open({ id, content }: AuditRow): AuditContent {
    if (content === null) return {};
    return JSON.parse(this.#parts.cipher.decrypt(placeOf(id), content)) as AuditContent;
  }

  async checkpoints(afterNumber: number, limit: number): Promise<readonly AuditCheckpoint[]> {
    const where = { number: { [Op.gt]: afterNumber } };
    const records = await this.#parts.database.read((transaction) =>
      this.#models.checkpoints.findAll({ where, order: ['number'], limit, raw: true, transaction }),
    );
    return records.map(toCheckpoint);
  }

  async lastCheckpoint(): Promise<AuditCheckpoint | undefined> {
    const record = await this.#parts.database.read((transaction) =>
      this.#models.checkpoints.findOne({ order: [['number', 'DESC']], raw: true, transaction }),
    );
    return record === null ? undefined : toCheckpoint(record);
  }

  async addCheckpoint(checkpoint: AuditCheckpoint): Promise<boolean> {
    const { database } = this.#parts;
    return database.atomic(async (transaction) => {
      await this.#lock(transaction);
      const known = await this.#models.checkpoints.findByPk(checkpoint.number, { raw: true, transaction });
      if (known !== null) return false;
      return (await insertOnce(database, transaction, this.#models.checkpoints, ['number'], [{ ...checkpoint }])) > 0;
    });
  }

  async #append(transaction: Transaction | null, entry: AuditEntry & { readonly id: string }): Promise<void> {
    const { database } = this.#parts;
    await this.#lock(transaction);
    const known = await this.#models.log.findOne({
      attributes: ['seq'],
      where: { id: field(entry.id) },
      raw: true,
      transaction,
    });
    if (known !== null) return;
    const head = await this.#head(transaction);
    const unhashed = this.#toUnhashed(entry, (head?.seq ?? 0) + 1, head?.hash ?? GENESIS);
    const row = { ...unhashed, hash: auditHash(unhashed) };
    await insertOnce(database, transaction, this.#models.log, ['seq'], [row]);
  }

  #toUnhashed(entry: AuditEntry & { readonly id: string }, seq: number, prevHash: string): Omit<AuditRow, 'hash'> {
    const id = field(entry.id);
    const { reason, ticket, before, after, details } = entry;
    const content = JSON.stringify({ reason, ticket, before, after, details });
    const optional = (text: string | undefined) => (text === undefined ? null : field(text));
    return {
      seq,
      id,
      prevHash,
      at: Date.now(),
      action: field(entry.action),
      actor: field(entry.actor),
      outcome: field(entry.outcome),
      target: optional(entry.target),
      roomId: optional(entry.roomId),
      sourceEvent: optional(entry.sourceEvent),
      cause: optional(entry.cause),
      content: content === '{}' ? null : this.#parts.cipher.encrypt(placeOf(id), content),
      trace: field(entry.trace),
    };
  }

  async #head(transaction: Transaction | null): Promise<{ seq: number; hash: string } | undefined> {
    const record = await this.#models.log.findOne({
      attributes: ['seq', 'hash'],
      order: [['seq', 'DESC']],
      raw: true,
      transaction,
    });
    return record === null ? undefined : { seq: Number(record.seq), hash: record.hash };
  }

  /** One writer at a time. An SQLite write transaction is so by itself. */
  async #lock(transaction: Transaction | null): Promise<void> {
    const { database } = this.#parts;
    if (database.dialect === 'postgres')
      await database.select(transaction, 'SELECT pg_advisory_xact_lock($1)', [CHAIN_LOCK]);
  }
}

/** As every database gives it back: no zero bytes, no half characters. */
function field(text: string): string {
  return text.replaceAll('\0', '\ufffd').slice(0, MAX_FIELD).toWellFormed();
}

function placeOf(rowId: string) {
  return { table: 'audit_log', column: 'content', rowId };
}

function toRow(record: InferAttributes<AuditLogModel>): AuditRow {
  return { ...record, seq: Number(record.seq), at: Number(record.at) };
}

function toCheckpoint(record: InferAttributes<AuditCheckpointModel>): AuditCheckpoint {
  return { ...record, number: Number(record.number), seq: Number(record.seq), at: Number(record.at) };
}

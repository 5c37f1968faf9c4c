import { Op, type InferAttributes, type Transaction } from 'sequelize';
import {
  archiveHash,
  type ArchiveRow,
  type Said,
  type SaidBy,
  type SaidContent,
  type SaidKind,
} from '../../model/archive.ts';
import { GENESIS } from '../../model/audit-chain.ts';
import type { ConversationId, EventId, RoomId, UserId } from '../../model/ids.ts';
import type { MessageArchive } from '../../ports/message-archive.ts';
import type { Database } from '../database.ts';
import { insertOnce } from '../insert-once.ts';
import { archiveRecordModel, type ArchiveRecordModel } from '../models/archive-models.ts';
import type { PhiCipher } from '../phi-cipher.ts';
import { problemOf } from '../storage-fault.ts';

/** PostgreSQL advisory lock of whoever appends, held until the commit; the number only has to be ours. */
const CHAIN_LOCK = 5_201_907_246;

/** The archive: rows are added, each bound to the one before by its hash, and triggers refuse everything else. */
export class SequelizeMessageArchive implements MessageArchive {
  readonly #database: Database;
  readonly #cipher: PhiCipher;
  readonly #close: () => Promise<void>;
  readonly #model: ReturnType<typeof archiveRecordModel>;

  constructor(database: Database, cipher: PhiCipher, close: () => Promise<void>) {
    this.#database = database;
    this.#cipher = cipher;
    this.#close = close;
    this.#model = archiveRecordModel(database.sequelize);
  }

  async append(said: readonly Said[]): Promise<void> {
    await this.#database.atomic((transaction) => this.#append(transaction, said));
  }

  async rows(afterSeq: number, limit: number, of?: readonly ConversationId[]): Promise<readonly ArchiveRow[]> {
    const where = {
      seq: { [Op.gt]: afterSeq },
      ...(of !== undefined && { conversationId: { [Op.in]: [...of] as string[] } }),
    };
    const records = await this.#database.read((transaction) =>
      this.#model.findAll({ where, order: ['seq'], limit, raw: true, transaction }),
    );
    return records.map(toRow);
  }

  async head(): Promise<{ seq: number; hash: string } | undefined> {
    return this.#database.read((transaction) => this.#head(transaction));
  }

  check(): Promise<string | undefined> {
    // Adds no row, and yet is refused where rows cannot be added.
    const nothing = 'INSERT INTO archive_records SELECT * FROM archive_records WHERE 1 = 0';
    return problemOf(() => this.#database.write((transaction) => this.#database.execute(transaction, nothing)));
  }

  open({ eventId, kind, content }: ArchiveRow): SaidContent {
    return JSON.parse(this.#cipher.decrypt(placeOf(kind, eventId), content)) as SaidContent;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }

  async #append(transaction: Transaction | null, said: readonly Said[]): Promise<void> {
    const database = this.#database;
    // One writer at a time. An SQLite write transaction is so by itself.
    if (database.dialect === 'postgres')
      await database.select(transaction, 'SELECT pg_advisory_xact_lock($1)', [CHAIN_LOCK]);
    const known = await this.#known(transaction, said);
    const head = await this.#head(transaction);
    let before = { seq: head?.seq ?? 0, hash: head?.hash ?? GENESIS };
    const rows = [];
    for (const one of said) {
      const key = keyOf(one);
      if (known.has(key)) continue;
      known.add(key);
      const row = this.#next(one, before);
      const { by: saidBy, ...columns } = row;
      rows.push({ ...columns, saidBy });
      before = row;
    }
    await insertOnce(database, transaction, this.#model, ['seq'], rows);
  }

  #next(said: Said, before: { readonly seq: number; readonly hash: string }): ArchiveRow {
    const { kind, by, conversationId, roomId, eventId, relatesTo = null, sender, at, content } = said;
    const unhashed = {
      seq: before.seq + 1,
      kind,
      by,
      conversationId,
      roomId,
      eventId,
      relatesTo,
      sender,
      at,
      content: this.#cipher.encrypt(placeOf(kind, eventId), JSON.stringify(content)),
      prevHash: before.hash,
    };
    return { ...unhashed, hash: archiveHash(unhashed) };
  }

  async #known(transaction: Transaction | null, said: readonly Said[]): Promise<Set<string>> {
    const events = [...new Set(said.map(({ eventId }) => eventId as string))];
    const where = { eventId: { [Op.in]: events } };
    const found = await this.#model.findAll({ attributes: ['eventId', 'kind'], where, raw: true, transaction });
    return new Set(found.map(keyOf));
  }

  async #head(transaction: Transaction | null): Promise<{ seq: number; hash: string } | undefined> {
    const record = await this.#model.findOne({
      attributes: ['seq', 'hash'],
      order: [['seq', 'DESC']],
      raw: true,
      transaction,
    });
    return record === null ? undefined : { seq: Number(record.seq), hash: record.hash };
  }
}

function keyOf({ kind, eventId }: { readonly kind: string; readonly eventId: string }): string {
  return `${kind}:${eventId}`;
}

function placeOf(kind: string, eventId: string) {
  return { table: 'archive_records', column: 'content', rowId: keyOf({ kind, eventId }) };
}

function toRow(record: InferAttributes<ArchiveRecordModel>): ArchiveRow {
  const { content, prevHash, hash } = record;
  return {
    seq: Number(record.seq),
    kind: record.kind as SaidKind,
    by: record.saidBy as SaidBy,
    at: Number(record.at),
    conversationId: record.conversationId as ConversationId,
    roomId: record.roomId as RoomId,
    eventId: record.eventId as EventId,
    relatesTo: record.relatesTo as EventId | null,
    sender: record.sender as UserId,
    content,
    prevHash,
    hash,
  };
}

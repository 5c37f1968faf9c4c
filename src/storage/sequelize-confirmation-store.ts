import { Op, type InferAttributes, type WhereOptions } from 'sequelize';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import type {
  ConfirmationEnd,
  ConfirmationStore,
  ConfirmedBy,
  PendingConfirmation,
} from '../ports/confirmation-store.ts';
import { insertOnce } from './insert-once.ts';
import { confirmationModel, type ConfirmationModel } from './models/confirmation-model.ts';
import type { StorageParts } from './storage-parts.ts';

const END =
  'UPDATE confirmations SET finished_at = $2, ended_as = $3, ended_by = $4 WHERE id = $1 AND finished_at IS NULL';

/** The table of confirmations. Those that ended are not found any more; the sweep wipes their command line. */
export class SequelizeConfirmationStore implements ConfirmationStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof confirmationModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = confirmationModel(parts.database.sequelize);
  }

  async add(confirmation: PendingConfirmation): Promise<boolean> {
    const { database, cipher } = this.#parts;
    const { commandLine, promptEvent, confirmed, ...rest } = confirmation;
    const row = {
      ...rest,
      promptEvent: promptEvent ?? null,
      confirmedBy: confirmed?.by ?? null,
      confirmedEvent: confirmed?.event ?? null,
      confirmedAt: confirmed?.at ?? null,
      content: cipher.encrypt(placeOf(confirmation.id), commandLine),
    };
    return (await database.write((transaction) => insertOnce(database, transaction, this.#model, ['id'], [row]))) > 0;
  }

  async setPrompt(id: string, promptEvent: EventId): Promise<void> {
    const sql = 'UPDATE confirmations SET prompt_event = $2 WHERE id = $1 AND finished_at IS NULL';
    const { database } = this.#parts;
    await database.write((transaction) => database.execute(transaction, sql, [id, promptEvent]));
  }

  async findByPrompt(promptEvent: EventId): Promise<PendingConfirmation | undefined> {
    return (await this.#waiting({ promptEvent }))[0];
  }

  findByCommand(commandEvent: EventId): Promise<readonly PendingConfirmation[]> {
    return this.#waiting({ commandEvent });
  }

  async find(id: string): Promise<PendingConfirmation | undefined> {
    return (await this.#waiting({ id }))[0];
  }

  async isPrompting(roomId: RoomId): Promise<boolean> {
    return (await this.#waiting({ roomId, promptEvent: null })).length > 0;
  }

  async confirm(id: string, { by, event, at }: ConfirmedBy): Promise<boolean> {
    const sql =
      'UPDATE confirmations SET confirmed_by = $2, confirmed_event = $3, confirmed_at = $4 WHERE id = $1 AND finished_at IS NULL AND confirmed_at IS NULL';
    const { database } = this.#parts;
    return (await database.write((transaction) => database.execute(transaction, sql, [id, by, event, at]))) > 0;
  }

  end(id: string, end: ConfirmationEnd, by: string, at: number): Promise<boolean> {
    return this.#end(END, [id, at, end, by]);
  }

  drop(id: string, end: ConfirmationEnd, by: string, at: number): Promise<boolean> {
    return this.#end(`${END} AND confirmed_at IS NULL`, [id, at, end, by]);
  }

  expired(now: number): Promise<readonly PendingConfirmation[]> {
    return this.#waiting({ expiresAt: { [Op.lte]: now }, confirmedAt: null });
  }

  async #end(sql: string, bind: readonly (string | number)[]): Promise<boolean> {
    const { database } = this.#parts;
    return (await database.write((transaction) => database.execute(transaction, sql, bind))) > 0;
  }

  async #waiting(where: WhereOptions): Promise<PendingConfirmation[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#model.findAll({ where: { ...where, finishedAt: null }, order: ['seq'], raw: true, transaction }),
    );
    return records.map((record) => this.#toConfirmation(record));
  }

  #toConfirmation(record: InferAttributes<ConfirmationModel>): PendingConfirmation {
    return {
      id: record.id,
      roomId: record.roomId as RoomId,
      commandEvent: record.commandEvent as EventId,
      promptEvent: (record.promptEvent ?? undefined) as EventId | undefined,
      requestedBy: record.requestedBy as UserId,
      commandLine: record.content === null ? '' : this.#parts.cipher.decrypt(placeOf(record.id), record.content),
      previewHash: record.previewHash,
      needsSecondPerson: Boolean(record.needsSecondPerson),
      expiresAt: Number(record.expiresAt),
      confirmed:
        record.confirmedAt === null
          ? undefined
          : {
              by: record.confirmedBy as UserId,
              event: record.confirmedEvent as EventId,
              at: Number(record.confirmedAt),
            },
    };
  }
}

function placeOf(rowId: string) {
  return { table: 'confirmations', column: 'content', rowId };
}

import type { SettingsStore } from '../ports/settings-store.ts';
import { settingModel } from './models/setting-model.ts';
import type { StorageParts } from './storage-parts.ts';

/** The settings table. */
export class SequelizeSettingsStore implements SettingsStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof settingModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = settingModel(parts.database.sequelize);
  }

  async get(key: string): Promise<string | undefined> {
    const record = await this.#parts.database.read((transaction) =>
      this.#model.findByPk(key, { raw: true, transaction }),
    );
    return record?.value;
  }

  async set(key: string, value: string): Promise<void> {
    const { database } = this.#parts;
    const sql =
      'INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
    await database.write((transaction) => database.execute(transaction, sql, [key, value]));
  }

  async remove(key: string): Promise<void> {
    await this.#parts.database.write((transaction) => this.#model.destroy({ where: { key }, transaction }));
  }
}

import type { DeviceLabel } from '../model/device-label.ts';
import type { EventId, UserId } from '../model/ids.ts';
import type { WatchedDevice, WatchedDeviceStore } from '../ports/watched-device-store.ts';
import { watchedDeviceModel } from './models/account-models.ts';
import type { StorageParts } from './storage-parts.ts';

/** The tables of devices that the sign-in watch has seen, and of the notices about them. */
export class SequelizeWatchedDeviceStore implements WatchedDeviceStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof watchedDeviceModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = watchedDeviceModel(parts.database.sequelize);
  }

  async of(user: UserId): Promise<readonly WatchedDevice[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#model.findAll({ where: { userId: user }, order: ['seq'], raw: true, transaction }),
    );
    return records.map(({ deviceId, firstSeenAt, networks, told }) => ({
      userId: user,
      device: deviceId as DeviceLabel,
      firstSeenAt: Number(firstSeenAt),
      networks: JSON.parse(networks) as string[],
      told: JSON.parse(told) as string[],
    }));
  }

  async set({ userId, device, firstSeenAt, networks, told }: WatchedDevice): Promise<void> {
    const { database } = this.#parts;
    const sql = `INSERT INTO watched_devices (user_id, device_id, first_seen_at, networks, told) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (user_id, device_id) DO UPDATE SET networks = excluded.networks, told = excluded.told`;
    const bind = [userId, device, firstSeenAt, JSON.stringify(networks), JSON.stringify(told)];
    await database.write((transaction) => database.execute(transaction, sql, bind));
  }

  async remove(user: UserId, device: DeviceLabel): Promise<void> {
    const { database } = this.#parts;
    await database.write(async (transaction) => {
      for (const table of ['watched_devices', 'device_notices']) {
        const sql = `DELETE FROM ${table} WHERE user_id = $1 AND device_id = $2`;
        await database.execute(transaction, sql, [user, device]);
      }
    });
  }

  async addNotice(event: EventId, { userId, device }: Pick<WatchedDevice, 'userId' | 'device'>): Promise<void> {
    const { database } = this.#parts;
    const sql =
      'INSERT INTO device_notices (event_id, user_id, device_id) VALUES ($1, $2, $3) ON CONFLICT (event_id) DO NOTHING';
    await database.write((transaction) => database.execute(transaction, sql, [event, userId, device]));
  }

  async ofNotice(event: EventId): Promise<Pick<WatchedDevice, 'userId' | 'device'> | undefined> {
    const sql = 'SELECT user_id, device_id FROM device_notices WHERE event_id = $1';
    const [row] = await this.#parts.database.read((transaction) =>
      this.#parts.database.select(transaction, sql, [event]),
    );
    if (row === undefined) return undefined;
    const { user_id: userId, device_id: device } = row as { user_id: UserId; device_id: DeviceLabel };
    return { userId, device };
  }
}

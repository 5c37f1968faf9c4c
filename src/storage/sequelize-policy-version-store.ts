import { createHash } from 'node:crypto';
import type { PolicyVersion, PolicyVersionStore } from '../ports/policy-version-store.ts';
import { insertOnce } from './insert-once.ts';
import { policyVersionModel } from './models/policy-version-model.ts';
import type { StorageParts } from './storage-parts.ts';

/** The versions of the policy: rows are added, and triggers refuse everything else. A version ends where the next begins. */
export class SequelizePolicyVersionStore implements PolicyVersionStore {
  readonly #parts: StorageParts;
  readonly #model: ReturnType<typeof policyVersionModel>;

  constructor(parts: StorageParts) {
    this.#parts = parts;
    this.#model = policyVersionModel(parts.database.sequelize);
  }

  async keep(subject: string, content: string, now: number): Promise<PolicyVersion> {
    const { database } = this.#parts;
    const hash = createHash('sha256').update(content).digest('hex');
    await database.atomic(async (transaction) => {
      const newest = await this.#model.findOne({
        where: { subject },
        order: [['version', 'DESC']],
        raw: true,
        transaction,
      });
      if (newest?.content === content) return;
      // The clock may have been set back.
      const since = Math.max(now, Number(newest?.since ?? now));
      const row = { subject, version: (newest?.version ?? 0) + 1, content, hash, since };
      await insertOnce(database, transaction, this.#model, ['subject', 'version'], [row]);
    });
    const kept = (await this.history(subject)).at(-1);
    if (kept === undefined) throw new Error('a policy version vanished while it was kept');
    return kept;
  }

  async inEffect(subject: string, at: number): Promise<PolicyVersion | undefined> {
    return (await this.history(subject)).findLast(({ since }) => since <= at);
  }

  async history(subject: string): Promise<readonly PolicyVersion[]> {
    const records = await this.#parts.database.read((transaction) =>
      this.#model.findAll({ where: { subject }, order: ['version'], raw: true, transaction }),
    );
    return records.map(({ version, content, hash, since }, index) => {
      const next = records[index + 1];
      return {
        version,
        subject,
        content,
        hash,
        since: Number(since),
        until: next === undefined ? undefined : Number(next.since),
      };
    });
  }
}

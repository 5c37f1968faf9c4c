import { expect } from 'chai';
import { silentLogger } from '../../../src/log.ts';
import { GuardAudit, SIGN_AFTER_ENTRIES } from '../../../src/services/guard-audit.ts';
import { openStorage } from '../../../src/storage/open-storage.ts';
import { auditEntry, KEY } from '../storage/audit-builders.ts';
import { sqliteBench } from '../storage/storage-bench.ts';

const bench = sqliteBench();

describe('guard of the audit log', () => {
  it('posts each signed head once, and says once that the log was changed', async () => {
    const config = await bench.newConfig();
    await using storage = await openStorage(config);
    const told = new Map<string, string>();
    const { audit, auditTrail, transactions } = storage;
    const guard = new GuardAudit({
      ...{ audit, auditTrail, transactions, signer: KEY, signEveryMs: 60_000, log: silentLogger },
      security: { tell: async (text, { cause }) => void told.set(cause, text) },
    });
    await audit.append(auditEntry());
    await guard.run(Date.now());
    expect(told.size).to.equal(0);
    await guard.run(Date.now() + 61_000);
    await guard.run(Date.now() + 62_000);
    const head = await auditTrail.head();
    expect([...told]).to.deep.equal([
      ['audit.signed:1', `Audit log signed: 1 entries. Head 1:${head?.hash} (checkpoint 1, key ${KEY.keyId}).`],
    ]);
    expect(SIGN_AFTER_ENTRIES).to.be.greaterThan(100);
    await audit.append(auditEntry());
    for (const name of await bench.sql(config, "SELECT name FROM sqlite_master WHERE type = 'trigger'"))
      await bench.sql(config, `DROP TRIGGER ${name}`);
    await bench.sql(config, "UPDATE audit_log SET outcome = 'refused' WHERE seq = 2");
    await guard.run(Date.now() + 200_000);
    await guard.run(Date.now() + 300_000);
    expect([...told.keys()]).to.deep.equal(['audit.signed:1', 'audit.broken:2']);
    const rows = await auditTrail.rows(0, 10);
    expect(rows.map(({ action }) => action)).to.deep.equal(['role.give', 'role.give', 'audit.broken']);
    expect((await auditTrail.lastCheckpoint())?.number).to.equal(1);
  });
});

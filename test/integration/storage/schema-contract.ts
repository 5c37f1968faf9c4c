/** The schema that the migrations make, as the rest of the folder relies on it. */
import { expect } from 'chai';
import type { Model, ModelStatic } from 'sequelize';
import { openDatabase, type OpenDatabase } from '../../../src/storage/open-database.ts';
import { migrate } from '../../../src/storage/migrate.ts';
import type { Migration } from '../../../src/storage/migrations/migration.ts';
import {
  accountProcedureModel,
  accountProcedureStepModel,
  accountStateModel,
  watchedDeviceModel,
} from '../../../src/storage/models/account-models.ts';
import { archiveQueueModel } from '../../../src/storage/models/archive-models.ts';
import { auditModels } from '../../../src/storage/models/audit-models.ts';
import { confirmationModel } from '../../../src/storage/models/confirmation-model.ts';
import { consentModel } from '../../../src/storage/models/consent-model.ts';
import { conversationModels } from '../../../src/storage/models/conversation-models.ts';
import { emergencyAccessModel } from '../../../src/storage/models/emergency-access-model.ts';
import { governedRoomModel } from '../../../src/storage/models/governed-room-model.ts';
import { hsTransactionModel } from '../../../src/storage/models/hs-transaction-model.ts';
import { identityModel } from '../../../src/storage/models/identity-model.ts';
import { inboxModel } from '../../../src/storage/models/inbox-model.ts';
import { matrixEventModel } from '../../../src/storage/models/matrix-event-model.ts';
import { mediaModel } from '../../../src/storage/models/media-model.ts';
import { noticeModel } from '../../../src/storage/models/notice-model.ts';
import { outboxModel } from '../../../src/storage/models/outbox-model.ts';
import { policyVersionModel } from '../../../src/storage/models/policy-version-model.ts';
import { roleAssignmentModel } from '../../../src/storage/models/role-assignment-model.ts';
import { settingModel } from '../../../src/storage/models/setting-model.ts';
import type { StorageBench } from './storage-bench.ts';

const MODELS = [
  ...[
    inboxModel,
    outboxModel,
    noticeModel,
    matrixEventModel,
    hsTransactionModel,
    consentModel,
    settingModel,
    mediaModel,
    identityModel,
    archiveQueueModel,
  ],
  ...[accountProcedureModel, accountProcedureStepModel, accountStateModel, watchedDeviceModel],
  ...[roleAssignmentModel, policyVersionModel, governedRoomModel, emergencyAccessModel, confirmationModel],
];

/** Defines the tests on `bench`. */
export function schemaContract(bench: StorageBench): void {
  let open: OpenDatabase;

  beforeEach(async () => {
    open = await openDatabase((await bench.newConfig()).database);
  });
  afterEach(() => open.close());

  it('has the columns of the models, and no others', async () => {
    const { database } = open;
    await migrate(database);
    const models: readonly ModelStatic<Model>[] = [
      ...MODELS.map((model) => model(database.sequelize)),
      ...Object.values(conversationModels(database.sequelize)),
      ...Object.values(auditModels(database.sequelize)),
    ];
    for (const model of models) {
      const table = await database.sequelize.getQueryInterface().describeTable(model.getTableName());
      const columns = Object.entries(table).map(
        ([name, { allowNull }]) => `${name} ${allowNull ? 'optional' : 'required'}`,
      );
      const attributes = Object.values(model.getAttributes()).map(
        ({ field, allowNull }) => `${field} ${allowNull === false ? 'required' : 'optional'}`,
      );
      // SQLite calls a primary key optional, which it is not for those who insert through a model.
      const keys = Object.values(model.getAttributes())
        .filter(({ primaryKey }) => primaryKey)
        .map(({ field }) => String(field));
      const withoutKeys = (names: string[]) => names.filter((name) => !keys.includes(name.split(' ')[0] ?? '')).sort();
      expect(withoutKeys(columns), model.name).to.deep.equal(withoutKeys(attributes));
    }
  });

  it('is left as it was by a migration that fails halfway, which runs again later', async () => {
    const { database } = open;
    let isFaulty = true;
    const step: Migration = {
      version: 2,
      name: 'second',
      async up({ run }) {
        await run('CREATE TABLE extra (id TEXT)');
        if (isFaulty) await run('CREATE NONSENSE');
      },
    };
    const first: Migration = { version: 1, name: 'first', up: ({ run }) => run('CREATE TABLE base (id TEXT)') };
    const failed = await migrate(database, [first, step]).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    const versions = () =>
      database.select<{ version: number }>(null, 'SELECT version FROM schema_migrations ORDER BY version');
    expect(await versions()).to.deep.equal([{ version: 1 }]);
    isFaulty = false;
    expect(await migrate(database, [first, step])).to.equal(2);
    expect(await versions()).to.deep.equal([{ version: 1 }, { version: 2 }]);
  });
}

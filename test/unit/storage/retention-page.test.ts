import { expect } from 'chai';
import { read, sourceFiles } from '../../support/source-files.ts';

const tables = sourceFiles('src/storage').flatMap(({ text }) =>
  [...text.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, name = '']) => name),
);

describe('docs/retention.md', () => {
  it('says of every table what is in it and how long it is kept', () => {
    expect(tables).to.include.members(['inbox', 'watched_devices', 'archive_records', 'schema_migrations']);
    const page = read('docs/retention.md');
    const rows = page.split('\n').filter((line) => line.startsWith('| '));
    for (const table of tables) {
      const row = rows.find((line) => line.split('|')[1]?.includes(`\`${table}\``));
      expect(row, `${table} needs a row in docs/retention.md`).to.be.a('string');
    }
  });
});

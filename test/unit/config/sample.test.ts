import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { loadConfig } from '../../../src/config/load-config.ts';
import { renderReference } from '../../../src/config/reference.ts';
import { renderSample } from '../../../src/config/sample.ts';
import { SCHEMA } from '../../../src/config/schema.ts';
import type { Node, Nodes } from '../../../src/config/setting.ts';
import { configFolder, TEST_KEY } from '../../support/config-folder.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Every entry of the schema with its name. */
function entriesOf(nodes: Nodes): [string, Node][] {
  return Object.entries(nodes).flatMap(([name, node]): [string, Node][] => {
    if (node.kind === 'section') return [[name, node], ...entriesOf(node.children)];
    if (node.kind === 'section-list') return [[name, node], ...entriesOf(node.item.children)];
    if (node.kind === 'variants') return Object.values(node.kinds).flatMap((kind) => entriesOf(kind.children));
    return [[name, node]];
  });
}

describe('config.sample.yaml', () => {
  it('is what the schema says; write it anew with `npm run --silent config:sample > config/config.sample.yaml`', async () => {
    expect(await readFile(join(ROOT, 'config/config.sample.yaml'), 'utf8')).to.equal(renderSample());
  });

  it('has every setting', () => {
    const sample = renderSample();
    for (const [name, node] of entriesOf(SCHEMA.children)) {
      expect(sample, name).to.match(new RegExp(`^[ #-]*${name}${node.kind === 'secret' ? '_file' : ''}:`, 'm'));
    }
  });

  it('asks a question about every value', () => {
    for (const [name, node] of entriesOf(SCHEMA.children)) {
      if (node.kind === 'setting' || node.kind === 'secret') expect(node.question, name).to.match(/\?$/);
    }
  });

  it('loads as it is, once its secrets are there', async () => {
    const path = await configFolder(renderSample());
    await writeFile(join(dirname(path), 'secrets/kannel.password'), 'x', { mode: 0o600 });
    expect(loadConfig(path, {}).practice.name).to.equal('Mercy Clinic');
  });

  it('loads with everything that it leaves out', async () => {
    const names = new Set([
      'loopback',
      'type',
      ...entriesOf(SCHEMA.children).flatMap(([name]) => [name, `${name}_file`]),
    ]);
    const secondLine =
      '  - {id: pharmacy, number: +12125550101, carrier: loopback, team: ["@nurse:hospital.example"]}\n';
    const text = renderSample()
      // What may be left out within what may be left out has two signs.
      .replace(/^( *)# ( *(?:- )?)(?:# )?([a-z_]+):/gm, (all, before: string, indent: string, name: string) =>
        names.has(name) ? `${before}${indent}${name}:` : all,
      )
      .replace(/^ {2}path: .*\n/gm, '')
      .replace('\n# Your departments', `${secondLine}\n# Your departments`);
    const path = await configFolder(text);
    const secrets = {
      'kannel.password': 'x',
      'kannel-status.password': 'x',
      'loopback.secret': 'loopback-secret-for-tests',
      'ldap.password': 'x',
      'synapse-admin.token': 'token-for-tests',
      'mas-client.secret': 'x',
      'audit-signing.key': TEST_KEY,
      'archive.key': TEST_KEY,
      'archive.url': 'postgres://u:p@127.0.0.1/archive',
      'database.url': 'postgres://u:p@127.0.0.1/carebridge',
    };
    for (const [name, words] of Object.entries(secrets)) {
      await writeFile(join(dirname(path), 'secrets', name), words, { mode: 0o600 });
    }
    const config = loadConfig(path, {});
    expect(config.database).to.have.property('dialect', 'postgres');
    expect(config.rooms.version).to.equal('12');
    expect([...config.carriers.keys()]).to.deep.equal(['kannel', 'loopback']);
    expect(config.directory).to.deep.include({ url: 'ldaps://ldap.hospital.example:636', password: 'x' });
    expect([...config.roles.keys()]).to.deep.equal(['administrator', 'line-team', 'icu-nurse']);
    expect(config.accounts.mas).to.include({ url: 'http://127.0.0.1:8080', clientSecret: 'x' });
    expect(config.homeserverDeclarations).to.include({ sessionLifetimeMs: 7 * 86_400_000, federation: 'off' });
    expect(config.audit.signingKey).to.have.length(32);
    expect(config.carriers.get('kannel')).to.include({ smsc: 'smpp1', statusPassword: 'x' });
  });
});

describe('docs/configuration.md', () => {
  it('has the table that the schema gives: node src/config/print-reference.ts', async () => {
    expect(await readFile(join(ROOT, 'docs/configuration.md'), 'utf8')).to.include(renderReference());
  });
});

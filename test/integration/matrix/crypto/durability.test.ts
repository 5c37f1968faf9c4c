/** What was sent is never rolled back, and the file holds nothing readable. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { CryptoStore } from '../../../../src/matrix/crypto/store/crypto-store.ts';
import { STORE_FILE } from '../../../../src/matrix/crypto/store/store-file.ts';
import { tempDir } from '../../../support/temp-dir.ts';
import { encryptOne, openMachines, openStore, THIS_BOOT } from './encrypting-process.ts';

const PROGRAM = join(import.meta.dirname, 'encrypting-process.ts');

describe('crypto store', function () {
  this.timeout(60_000);
  let directory: string;
  let store: CryptoStore | undefined;

  beforeEach(async () => {
    directory = await tempDir('crypto');
  });

  afterEach(async () => {
    await store?.close();
    store = undefined;
  });

  it('uses no message index twice after kill -9, several times over', async () => {
    const used = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const printed = await killAfter(40 + 30 * round);
      for (const position of printed) {
        expect(used.has(position), `${position} was used before`).to.equal(false);
        used.add(position);
      }
    }
    store = openStore(directory, THIS_BOOT);
    expect(store.droppedSessions, 'the machine did not lose power').to.equal(undefined);
    for (const machine of await openMachines(store)) {
      const [session, index] = (await encryptOne(machine)).split(' ');
      const last = [...used]
        .filter((position) => position.startsWith(`${session} `))
        .map((position) => Number(position.split(' ')[1]));
      expect(Number(index), 'beyond the last that was printed').to.be.greaterThan(Math.max(-1, ...last));
      await machine.close();
    }
  });

  it('drops outbound sessions after a power loss, and nothing else', async () => {
    const printed = await killAfter(20);
    store = openStore(directory, 'another boot');
    expect(store.droppedSessions).to.equal(3);
    const sessions = new Set(printed.map((position) => position.split(' ')[0]));
    for (const machine of await openMachines(store)) {
      const [session, index] = (await encryptOne(machine)).split(' ');
      expect(index).to.equal('0');
      expect(sessions.has(session)).to.equal(false);
      expect((await machine.outgoingRequests()).map(({ kind }) => kind)).to.not.include('keys-upload');
      await machine.close();
    }
  });

  it('takes every start without a clean end for a power loss where the platform has no boot id', async () => {
    await killAfter(20);
    store = openStore(directory, undefined);
    expect(store.droppedSessions).to.equal(3);
  });

  it('keeps sessions over a clean end and a reboot', async () => {
    store = openStore(directory, THIS_BOOT);
    const machines = await openMachines(store);
    const first = await encryptOne(machines[0]!);
    for (const machine of machines) await machine.close();
    await store.close();
    store = openStore(directory, 'another boot');
    expect(store.droppedSessions).to.equal(undefined);
    const again = await openMachines(store);
    expect(await encryptOne(again[0]!)).to.equal(first.replace(/ 0$/, ' 1'));
    for (const machine of again) await machine.close();
  });

  it('can be read by its owner alone, and says nothing in the clear', async () => {
    store = openStore(directory, THIS_BOOT);
    const machines = await openMachines(store);
    await encryptOne(machines[0]!, 'planted Jane Doe +12125550123');
    for (const machine of machines) await machine.close();
    await store.close();
    for (const name of readdirSync(directory)) {
      expect(statSync(join(directory, name)).mode & 0o777).to.equal(0o600);
      const bytes = readFileSync(join(directory, name), 'latin1');
      for (const planted of ['planted', 'Jane Doe', '12125550123', 'passphrase', '!room:hospital.test'])
        expect(bytes).to.not.include(planted);
    }
  });

  it('belongs to one process', async () => {
    store = openStore(directory, THIS_BOOT);
    const child = spawn(process.execPath, [PROGRAM, directory], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).to.not.equal(0);
    expect(complaint).to.match(/ConfigError: encryption\.store: another Carebridge is running on this store/);
  });

  it('L3 knows the start that the homeserver knows, however many later ones did not get that far', async () => {
    store = openStore(directory, THIS_BOOT);
    await store.addStart('at-the-homeserver', undefined);
    for (let count = 0; count < 300; count++) await store.addStart(`start-${count}`, 'at-the-homeserver');
    await store.close();
    store = openStore(directory, THIS_BOOT);
    expect(store.starts).to.have.length(200).and.to.include.members(['at-the-homeserver', 'start-299']);
  });

  it('refuses a wrong passphrase, another engine, a newer format and what is no store', async () => {
    await openStore(directory, THIS_BOOT).close();
    const open = (more: object) => () =>
      CryptoStore.open({ directory, passphrase: 'passphrase', engine: 'wasm', outboundSessions: [], ...more });
    expect(open({ passphrase: 'wrong' })).to.throw(/encryption\.passphrase: .*another passphrase/);
    expect(open({ engine: 'native' })).to.throw(/encryption\.engine: .*made by the engine "wasm"/);
    await open({})().close();
    const newer = new DatabaseSync(join(directory, STORE_FILE));
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    expect(open({})).to.throw(/written by a newer Carebridge \(format 99/);
    const other = await tempDir('crypto');
    writeFileSync(join(other, STORE_FILE), 'not a database, but long enough to be taken for one '.repeat(40));
    expect(open({ directory: other })).to.throw(/damaged or no crypto store/);
  });

  it('leaves nothing changed where a write fails, and never uses an index again', async () => {
    store = openStore(directory, THIS_BOOT);
    const machines = await openMachines(store);
    const machine = machines[0]!;
    const before = await encryptOne(machine);
    const { records } = store;
    const apply = records.apply.bind(records);
    records.apply = () => {
      throw new Error('disk full');
    };
    const error: unknown = await encryptOne(machine).catch((reason: unknown) => reason);
    expect(error).to.have.property('name', 'RetryableError');
    records.apply = apply;
    const after = await encryptOne(machine);
    expect(Number(after.split(' ')[1])).to.be.greaterThan(Number(before.split(' ')[1]));
    for (const machine of machines) await machine.close();
  });

  it('counts what survives a power loss', async () => {
    store = openStore(directory, THIS_BOOT);
    const machines = await openMachines(store);
    const { generation } = store;
    expect(generation).to.be.greaterThan(0);
    await encryptOne(machines[0]!);
    const shared = store.generation;
    await encryptOne(machines[0]!);
    expect(store.generation, 'a step of the ratchet alone waits for no disk').to.equal(shared);
    await store.users.ensure('@someone:hospital.test' as never, 0);
    expect(store.generation).to.equal(shared + 1);
    for (const machine of machines) await machine.close();
    await store.close();
    store = openStore(directory, THIS_BOOT);
    expect(store.generation).to.equal(shared + 1);
  });

  /** Runs the program until it has printed so many lines, kills it, and returns all complete lines. */
  async function killAfter(lines: number): Promise<string[]> {
    const child: ChildProcess = spawn(process.execPath, [PROGRAM, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (output.split('\n').length > lines) child.kill('SIGKILL');
    });
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    expect([code, signal]).to.deep.equal([null, 'SIGKILL']);
    return output.split('\n').slice(0, -1);
  }
});

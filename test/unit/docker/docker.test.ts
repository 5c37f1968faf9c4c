/** No Docker engine is needed: what can be checked is that everything the files name is there, and fits. */
import { expect } from 'chai';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VERBS } from '../../../src/cli/index.ts';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { parseYaml } from '../../../src/config/parse-yaml.ts';
import { TEST_KEY } from '../../support/config-folder.ts';

const ROOT = join(import.meta.dirname, '../../..');
const DOCKER = join(ROOT, 'docker');

interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const dockerfile = read('docker/Dockerfile');
const composeText = read('docker/compose.yaml');
const compose = parseYaml(composeText) as Compose;
const services = Object.entries(compose.services);
const packageJson = JSON.parse(read('package.json')) as { version: string; devDependencies: { node: string } };
/** The configuration of compose.yaml, with keys as `carebridge register` would make them. */
const config: Config = loadConfig(
  join(DOCKER, 'carebridge.yaml'),
  { CAREBRIDGE_DATABASE_URL: 'postgres://postgres:x@postgres/carebridge' },
  () => TEST_KEY.replace('=', ''),
);

/** The arguments of an instruction of the Dockerfile, each time it is there. */
function instructions(name: string): string[][] {
  const lines = dockerfile.replaceAll('\\\n', ' ').split('\n');
  return lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.split(/\s+/).slice(1));
}

function portOf(service: string): string[] {
  return (compose.services[service]?.ports ?? []).map((port) => port.replace(/.*:/, ''));
}

describe('docker/Dockerfile', () => {
  it('is of the Node that package.json asks for', () => {
    const major = /\d+/.exec(packageJson.devDependencies.node)?.[0];
    for (const [image] of instructions('FROM')) expect(image).to.equal(`node:${major}-slim`);
  });

  it('copies what is there, and its dockerignore lets it through', () => {
    const ignore = read('docker/Dockerfile.dockerignore').split('\n');
    const copied = instructions('COPY')
      .filter(([first]) => !first?.startsWith('--from'))
      .flatMap((args) => args.slice(0, -1));
    expect(copied).to.include.members(['package.json', 'package-lock.json', 'src', 'bin', 'config']);
    for (const path of copied) {
      expect(existsSync(join(ROOT, path)), path).to.equal(true);
      expect(ignore, path).to.include(`!${path}`);
    }
    expect(ignore).to.include('*');
  });

  it('runs a program and a verb that are there', () => {
    const [entrypoint] = instructions('ENTRYPOINT');
    const program = (JSON.parse(entrypoint?.join(' ') ?? '[]') as string[])[0] ?? '';
    expect(statSync(join(ROOT, program)).mode & 0o111).to.equal(0o111);
    expect(read(program)).to.include('src/main.ts');
    const [command] = instructions('CMD').slice(-1);
    expect(VERBS.map(({ name }) => name)).to.include((JSON.parse(command?.join(' ') ?? '[]') as string[])[0]);
  });

  it('runs as a user without privileges', () => {
    expect(instructions('USER')).to.deep.equal([['node']]);
  });

  it('opens the ports that are the defaults of the configuration', () => {
    expect(instructions('EXPOSE')).to.deep.equal([[String(config.appservice.listen.port), String(config.http.port)]]);
  });

  it('asks for health where it is served', () => {
    expect(read('docker/health.mjs')).to.include(`http://127.0.0.1:${config.http.port}/health`);
    expect(globSync('src/http/*.ts', { cwd: ROOT }).some((path) => read(path).includes("'/health'"))).to.equal(true);
  });
});

describe('docker/compose.yaml', () => {
  it('builds the image of this version', () => {
    const { build, image } = compose.services['carebridge'] ?? {};
    expect(image).to.equal(`carebridge:${packageJson.version}`);
    expect(compose.services['phones']?.image).to.equal(image);
    const context = join(DOCKER, build?.context ?? '');
    expect(existsSync(join(context, build?.dockerfile ?? 'none'))).to.equal(true);
  });

  it('uses the Synapse that the tests use', () => {
    const tested = /matrix-synapse==([\d.]+)/.exec(read('scripts/requirements.txt'))?.[1];
    expect(compose.services['synapse']?.image).to.equal(`ghcr.io/element-hq/synapse:v${tested}`);
  });

  it('mounts files and volumes that are there', () => {
    for (const [name, { volumes = [] }] of services) {
      for (const [source = ''] of volumes.map((volume) => volume.split(':'))) {
        const isThere = source.startsWith('.') ? existsSync(join(DOCKER, source)) : source in compose.volumes;
        expect(isThere, `${name}: ${source}`).to.equal(true);
      }
    }
    expect(statSync(join(DOCKER, 'create-databases.sh')).mode & 0o111).to.equal(0o111);
  });

  it('depends on services that are there', () => {
    for (const [name, { depends_on: needs = [] }] of services) {
      for (const need of Array.isArray(needs) ? needs : Object.keys(needs)) {
        expect(compose.services, name).to.have.property(need as string);
      }
    }
  });

  it('is open to this machine alone', () => {
    for (const [name, { ports = [] }] of services) {
      for (const port of ports) expect(port, name).to.match(/^127\.0\.0\.1:/);
    }
  });

  it('fits docker/carebridge.yaml', () => {
    expect(config.database).to.have.property('dialect', 'postgres');
    expect(new URL(config.homeserver.url)).to.include({ hostname: 'synapse', port: portOf('synapse')[0] });
    expect(config.appservice.url).to.equal(`http://carebridge:${config.appservice.listen.port}`);
    expect(config.http.publicUrl).to.equal(`http://carebridge:${config.http.port}`);
    expect(portOf('carebridge')).to.deep.equal([String(config.http.port)]);
    const written = [config.appservice.registration, config.encryption.store];
    for (const path of written) expect(dirname(path), path).to.equal('/data');
    expect(compose.services['carebridge']?.environment).to.include({ CAREBRIDGE_CONFIG: '/carebridge.yaml' });
  });

  it('runs the phones as their configuration says', () => {
    const { entrypoint, command = [] } = compose.services['phones'] ?? {};
    expect(existsSync(join(ROOT, entrypoint?.[1] ?? ''))).to.equal(true);
    const simulator = read(entrypoint?.[1] ?? '');
    const options = command.map((option) => option.slice(2).replace(/=.*/, ''));
    for (const option of options) expect(simulator).to.match(new RegExp(`\\b${option}\\b`));
    const loopback = config.carriers.get('loopback');
    expect(loopback).to.have.property('url', `http://phones:${portOf('phones')[0]}`);
    expect(command).to.include(`--port=${portOf('phones')[0]}`);
    expect(command).to.include(`--webhook=${config.http.publicUrl}/carriers/loopback/webhook`);
    expect(command.find((option) => option.startsWith('--line='))).to.include(config.lines[0]?.number ?? 'none');
  });

  it('gives Synapse the registration that Carebridge writes', () => {
    const overlay = parseYaml(read('docker/synapse-carebridge.yaml')) as { app_service_config_files: string[] };
    const path = config.appservice.registration.replace('/data/', '/carebridge/');
    expect(overlay.app_service_config_files).to.deep.equal([path]);
    expect(compose.services['synapse']?.volumes).to.include('carebridge:/carebridge:ro');
  });

  it('names services, verbs and programs that are there in its instructions', () => {
    const lines = composeText.split('\n').filter((line) => /^# {3}docker compose (run|exec)/.test(line));
    expect(lines).to.have.length.above(3);
    for (const line of lines) {
      const words = line
        .replace(/ (-e \S+|--\S+(?= )|\bdetach\b)/g, '')
        .split(/\s+/)
        .slice(4);
      const [service = '', program = '', verb] = words;
      expect(compose.services, line).to.have.property(service);
      if (service !== 'carebridge') continue;
      const used = program === 'bin/carebridge' ? verb : program;
      expect(
        VERBS.map(({ name }) => name),
        line,
      ).to.include(used);
    }
  });
});

import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../../src/errors.ts';
import { makeRegistration, readRegistration, writeRegistration } from '../../../src/matrix/registration.ts';

const SETTINGS = {
  domain: 'hospital.example',
  url: 'http://127.0.0.1:9993',
  bot: 'carebridge',
  ghostPrefix: 'carebridge_',
};
const SAMPLE = join(import.meta.dirname, '../../../registration/registration.sample.yaml');

describe('registration file', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'carebridge-registration-'));
    path = join(folder, 'inner', 'registration.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is written for its owner alone and read back', () => {
    const made = makeRegistration(SETTINGS);
    writeRegistration(path, made);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    const read = readRegistration(path, SETTINGS);
    expect({ ...read, library: read.library.getOutput() }).to.deep.equal({
      ...made,
      library: made.library.getOutput(),
    });
  });

  it('has the keys of the specification and no others', () => {
    expect(makeRegistration(SETTINGS, { asToken: 'a', hsToken: 'h' }).library.getOutput()).to.deep.equal({
      id: 'carebridge',
      url: 'http://127.0.0.1:9993',
      as_token: 'a',
      hs_token: 'h',
      sender_localpart: '_carebridge',
      rate_limited: false,
      namespaces: {
        users: [
          { exclusive: true, regex: '^@carebridge:hospital\\.example$' },
          { exclusive: true, regex: '^@carebridge_.*:hospital\\.example$' },
        ],
        aliases: [{ exclusive: true, regex: '^#carebridge_.*:hospital\\.example$' }],
      },
    });
  });

  it('has two fresh tokens of 256 bits each time', () => {
    const tokens = [makeRegistration(SETTINGS), makeRegistration(SETTINGS)].flatMap((made) => [
      made.asToken,
      made.hsToken,
    ]);
    expect(new Set(tokens).size).to.equal(4);
    for (const token of tokens) expect(token).to.match(/^[0-9a-f]{64}$/);
  });

  describe('reserves exactly what is ours', () => {
    const { library } = makeRegistration({ ...SETTINGS, ghostPrefix: 'care.bridge+' });
    const users: readonly (readonly [string, boolean])[] = [
      ['@carebridge:hospital.example', true],
      ['@care.bridge+abc:hospital.example', true],
      ['@carexbridge+abc:hospital.example', false],
      ['@carebridge2:hospital.example', false],
      ['@nurse:hospital.example', false],
      ['@carebridge:hospitalxexample', false],
      ['@carebridge:hospital.example.evil.example', false],
      ['@care.bridge+abc:hospital.example.evil.example', false],
    ];
    for (const [user, isOurs] of users) {
      it(`${user}: ${isOurs}`, () => expect(library.isUserMatch(user, true)).to.equal(isOurs));
    }
  });

  it('is not written over: the homeserver may be using it', () => {
    writeRegistration(path, makeRegistration(SETTINGS));
    const before = readFileSync(path, 'utf8');
    expect(() => writeRegistration(path, makeRegistration(SETTINGS))).to.throw(ConfigError, 'exists already');
    expect(readFileSync(path, 'utf8')).to.equal(before);
  });

  it('sample is what the code makes, and is refused', () => {
    const placeholders = { asToken: 'made-by-carebridge-register', hsToken: 'made-by-carebridge-register-too' };
    writeRegistration(path, makeRegistration(SETTINGS, placeholders));
    const sample = readFileSync(SAMPLE, 'utf8').replace(/^#.*\n/gm, '');
    expect(sample).to.equal(readFileSync(path, 'utf8'));
    expect(() => readRegistration(SAMPLE, SETTINGS)).to.throw(ConfigError, 'can be guessed');
  });

  describe('says what is wrong with it', () => {
    const good = () => {
      const output = makeRegistration(SETTINGS).library.getOutput();
      return structuredClone(output) as unknown as Record<string, unknown>;
    };
    const table: readonly (readonly [string, () => string, string])[] = [
      ['not YAML', () => 'id: [', 'not valid YAML'],
      ['not a map', () => '- a', 'not a registration'],
      ['empty', () => '', 'not a registration'],
      ['without a token', () => JSON.stringify({ ...good(), as_token: undefined }), 'as_token: it is missing'],
      ['a token that is a number', () => JSON.stringify({ ...good(), hs_token: 5 }), 'hs_token: it is missing'],
      ['a short token', () => JSON.stringify({ ...good(), hs_token: 'secret' }), 'hs_token: it can be guessed'],
      [
        'equal tokens',
        () => JSON.stringify({ ...good(), hs_token: 'x'.repeat(64), as_token: 'x'.repeat(64) }),
        'the same as as_token',
      ],
      ['the bot as sender', () => JSON.stringify({ ...good(), sender_localpart: 'carebridge' }), 'it is the bot'],
      ['another url', () => JSON.stringify({ ...good(), url: 'http://elsewhere' }), 'not appservice.url'],
      ['without namespaces', () => JSON.stringify({ ...good(), namespaces: {} }), 'namespaces.users: it is missing'],
      [
        'a broken regex',
        () => JSON.stringify({ ...good(), namespaces: { users: [{ regex: '(' }], aliases: [] } }),
        'namespaces.users',
      ],
      [
        'namespaces of another domain',
        () => JSON.stringify(good()).replaceAll('hospital', 'clinic'),
        '@carebridge:hospital.example is not reserved',
      ],
      ['namespaces that others may use too', () => JSON.stringify(good()).replaceAll('true', 'false'), 'not reserved'],
      ['rate limits', () => JSON.stringify({ ...good(), rate_limited: true }), 'rate_limited'],
    ];
    for (const [title, text, sentence] of table) {
      it(title, () => {
        const file = join(folder, 'file.yaml');
        const content = text();
        writeFileSync(file, content);
        const error = thrownBy(() => readRegistration(file, SETTINGS));
        expect(error).to.be.instanceOf(ConfigError);
        expect(error.message).to.contain(sentence);
        expect(error.message).not.to.match(/[0-9a-f]{32}/);
        expect((error as ConfigError).problems).not.to.be.empty;
      });
    }

    it('missing', () => {
      expect(() => readRegistration(path, SETTINGS)).to.throw(ConfigError, 'Run `carebridge register`');
    });
  });
});

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

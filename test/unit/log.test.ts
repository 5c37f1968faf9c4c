import { Writable } from 'node:stream';
import { expect } from 'chai';
import { ConfigError, PermanentError, RetryableError, UserError } from '../../src/errors.ts';
import { createLogger, silentLogger, type LogLevel } from '../../src/log.ts';

const PLANTED = {
  number: '+12125550123',
  digits: '2125550123',
  name: 'Maria Planted',
  token: 'as_token_secret_value',
  body: 'my test was positive',
};
const EVERYTHING = Object.values(PLANTED).join(' ');

function logged(fields: object, write: LogLevel = 'info', level: LogLevel = 'debug'): string {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  createLogger(level, destination)[write]('test.event', fields);
  return lines.join('');
}

function expectNothingPlanted(output: string): void {
  for (const [what, value] of Object.entries(PLANTED)) expect(output, what).not.to.include(value);
}

class DatabaseError extends Error {
  override readonly name = 'SequelizeDatabaseError';
  readonly sql = `INSERT INTO inbox VALUES ('${EVERYTHING}')`;
  readonly parameters = [EVERYTHING];
  readonly code = 'SQLITE_BUSY';
}

class SelfCause extends Error {
  override readonly cause: unknown = this;
}

/** What a careless caller may hand over. */
const CARELESS: readonly (readonly [string, object])[] = [
  [
    'fields that are not on the list',
    { body: PLANTED.body, from: PLANTED.number, token: PLANTED.token, text: EVERYTHING },
  ],
  [
    'objects in fields of the list',
    { detail: { body: PLANTED.body }, reason: [PLANTED.name], path: { toJSON: () => EVERYTHING } },
  ],
  ['a function or symbol', { detail: () => EVERYTHING, reason: Symbol(EVERYTHING) }],
  ['a third-party error', { error: new Error(EVERYTHING) }],
  ['a database error with its parameters', { error: new DatabaseError(EVERYTHING) }],
  [
    'a third-party error as the cause of ours',
    { error: new RetryableError('ours', { cause: new TypeError(EVERYTHING) }) },
  ],
  ['an error that is no error', { error: EVERYTHING }],
  ['an error object of JSON', { error: { message: EVERYTHING, errcode: EVERYTHING } }],
  ['an error in another field', { detail: new Error(EVERYTHING) }],
  ['a message that looks like a stack', { error: new Error(`x\n    at ${PLANTED.name} (${PLANTED.body}.js:1:1)`) }],
  ['a message that looks like a file of ours', { error: new Error(`x\n    at file:///src/${PLANTED.digits}.ts:1:1`) }],
  ['a code with data in it', { error: Object.assign(new Error('x'), { code: EVERYTHING, errcode: EVERYTHING }) }],
  ['a name with data in it', { error: Object.assign(new Error('x'), { name: EVERYTHING }) }],
  ['a message that was changed later', { error: Object.assign(new Error(EVERYTHING), { message: 'x' }) }],
  ['several errors in one', { error: new AggregateError([new Error(EVERYTHING)], EVERYTHING) }],
];

describe('log', () => {
  for (const [what, fields] of CARELESS) {
    it(`gives nothing away in ${what}`, () => {
      const output = logged(fields);
      expectNothingPlanted(output);
      expect(JSON.parse(output)).to.include({ msg: 'test.event' });
    });
  }

  it('writes one JSON object a line with level, time and the fields of the list alone', () => {
    const output = logged({ trace: 'abc', count: 3, carrier: 'plain', unlisted: 'x', detail: undefined });
    expect(output.match(/\n/g)).to.have.length(1);
    const { time, ...rest } = JSON.parse(output);
    expect(rest).to.deep.equal({ level: 'info', trace: 'abc', count: 3, carrier: 'plain', msg: 'test.event' });
    expect(Date.parse(time)).to.be.greaterThan(0);
  });

  const OURS: readonly (new (message: string) => Error)[] = [RetryableError, PermanentError, ConfigError, UserError];
  for (const type of OURS) {
    it(`keeps the message of our own ${type.name}`, () => {
      const { error } = JSON.parse(logged({ error: new type('what we wrote') }));
      expect(error).to.deep.equal({ name: type.name, message: 'what we wrote' });
    });
  }

  it('keeps the name, the code and the place of a third-party error', () => {
    const { error } = JSON.parse(logged({ error: new DatabaseError('x') }));
    expect(error).to.include({ name: 'SequelizeDatabaseError', code: 'SQLITE_BUSY' });
    expect(error.at).to.match(/^log\.test\.ts:\d+:\d+$/);
  });

  it('prefers the code of Matrix', () => {
    const { error } = JSON.parse(
      logged({ error: Object.assign(new Error('x'), { errcode: 'M_FORBIDDEN', code: 'X' }) }),
    );
    expect(error.code).to.equal('M_FORBIDDEN');
  });

  it('goes down the causes, but not for ever', () => {
    const { error } = JSON.parse(logged({ error: new RetryableError('a', { cause: new PermanentError('b') }) }));
    expect(error.cause).to.deep.equal({ name: 'PermanentError', message: 'b' });
    expect(logged({ error: new SelfCause('x') })).to.include('test.event');
  });

  it('cuts long values', () => {
    expect(JSON.parse(logged({ detail: 'x'.repeat(10_000) })).detail).to.have.length(300);
  });

  it('cannot be made to write a second line', () => {
    expect(logged({ detail: 'a\n{"level":"error"}\r\nb' }).trimEnd()).not.to.match(/[\r\n]/);
  });

  const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
  for (const [rank, level] of LEVELS.entries()) {
    it(`at level ${level} writes ${LEVELS.slice(rank).join(', ')}`, () => {
      const written = LEVELS.filter((write) => logged({}, write, level) !== '');
      expect(written).to.deep.equal(LEVELS.slice(rank));
    });
  }

  it('has a logger that says nothing', () => {
    for (const level of LEVELS) expect(silentLogger[level]('x', { error: new Error('x') })).to.equal(undefined);
  });
});

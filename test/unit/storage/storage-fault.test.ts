import { expect } from 'chai';
import { inspect } from 'node:util';
import * as sequelize from 'sequelize';
import { ConfigError, PermanentError, RetryableError, UserError } from '../../../src/errors.ts';
import { toStorageFault } from '../../../src/storage/storage-fault.ts';

/** An error as a driver raises it and Sequelize wraps it, with the statement's text and values in every place that either puts them. */
function driverFault(code: string | undefined, message = 'the driver says') {
  const planted = { sql: "INSERT 'planted'", parameters: ['planted'], detail: 'Key (x)=(planted)', where: 'planted' };
  return Object.assign(new Error(message), planted, code === undefined ? {} : { code });
}
const wrapped = (code: string, message?: string) => new sequelize.DatabaseError(driverFault(code, message));
const UNIQUE = {
  message: 'Validation error',
  parent: driverFault('SQLITE_CONSTRAINT') as never,
  errors: [],
  fields: { x: 'planted' },
};

describe('storage faults', () => {
  for (const code of ['SQLITE_FULL', '53100']) {
    it(`says of ${code} that the disk is full`, () => {
      expect(toStorageFault(wrapped(code)).message).to.include('the disk is full. Make room.');
    });
  }

  const CASES: readonly (readonly [string, Error, new (message: string) => Error])[] = [
    ['a full disk of SQLite', wrapped('SQLITE_FULL'), RetryableError],
    ['a failed write of SQLite', wrapped('SQLITE_IOERR'), RetryableError],
    ['a busy file', new sequelize.TimeoutError(driverFault('SQLITE_BUSY')), RetryableError],
    ['a read-only file', wrapped('SQLITE_READONLY'), RetryableError],
    ['a full disk of PostgreSQL', wrapped('53100'), RetryableError],
    ['too many connections', wrapped('53300'), RetryableError],
    ['a server that stops', wrapped('57P01'), RetryableError],
    ['a deadlock', wrapped('40P01'), RetryableError],
    ['a refused connection', new sequelize.ConnectionRefusedError(driverFault('ECONNREFUSED')), RetryableError],
    ['no free connection', new sequelize.ConnectionAcquireTimeoutError(driverFault(undefined)), RetryableError],
    ['a broken connection', wrapped('ECONNRESET'), RetryableError],
    ['a lost connection', driverFault(undefined, 'Connection terminated unexpectedly'), RetryableError],
    [
      'a lost connection, wrapped',
      new sequelize.DatabaseError(driverFault(undefined, 'Connection terminated')),
      RetryableError,
    ],
    ['a taken unique value', new sequelize.UniqueConstraintError(UNIQUE), PermanentError],
    ['a missing parent', new sequelize.ForeignKeyConstraintError({ parent: driverFault('23503') }), PermanentError],
    ['a wrong statement', wrapped('SQLITE_ERROR'), PermanentError],
    ['text that cannot be stored', wrapped('22021'), PermanentError],
  ];
  for (const [what, error, expected] of CASES) {
    it(`makes ${what} a ${expected.name} without what was stored`, () => {
      const fault = toStorageFault(error);
      expect(fault).to.be.instanceOf(expected);
      expect(fault.message).to.match(/^The database .*\.$/);
      expect(fault.cause).to.equal(error);
      expect(inspect(fault, { depth: 10 })).not.to.include('planted');
    });
  }

  it('leaves our own errors, and bugs, as they are', () => {
    const ours = [
      new RetryableError('a'),
      new PermanentError('b'),
      new ConfigError('c'),
      new UserError('d'),
      new TypeError('e'),
    ];
    for (const error of ours) expect(toStorageFault(error)).to.equal(error);
  });
});

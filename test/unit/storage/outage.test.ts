import { expect } from 'chai';
import sinon from 'sinon';
import * as sequelize from 'sequelize';
import { RetryableError } from '../../../src/errors.ts';
import { Outage } from '../../../src/storage/outage.ts';

const driver = (code: string) =>
  new sequelize.DatabaseError(Object.assign(new Error('the driver says'), { code } as never));

describe('until when the database took nothing', () => {
  let clock: sinon.SinonFakeTimers;
  beforeEach(() => void (clock = sinon.useFakeTimers({ now: 1_000, toFake: ['Date'] })));
  afterEach(() => clock.restore());

  for (const code of ['SQLITE_FULL', 'SQLITE_IOERR', '53100', '57P01', '08006', 'ECONNREFUSED']) {
    it(`${code}: lasts until something is written, and is remembered`, () => {
      const outage = new Outage();
      outage.wrote();
      expect(outage.until()).to.equal(undefined);
      outage.failed(driver(code));
      clock.tick(500);
      expect(outage.until()).to.equal(1_500);
      outage.wrote();
      clock.tick(500);
      outage.wrote();
      expect(outage.until()).to.equal(1_500);
    });
  }

  for (const error of [driver('SQLITE_BUSY'), driver('40P01'), driver('23505'), new RetryableError('x')]) {
    it(`is not so where others were in the way, or a statement was refused: ${error.message} ${(error as { parent?: { code?: string } }).parent?.code ?? ''}`, () => {
      const outage = new Outage();
      outage.failed(error);
      expect(outage.until()).to.equal(undefined);
    });
  }
});

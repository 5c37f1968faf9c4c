import { expect } from 'chai';
import {
  country,
  duration,
  flag,
  httpUrl,
  integer,
  interval,
  path,
  phoneNumber,
  postgresUrl,
  userId,
  type ValueType,
} from '../../../src/config/value-types.ts';

const WRONG = Symbol('wrong');

const cases: [type: ValueType<unknown>, written: string, value: unknown][] = [
  [duration(), '500ms', 500],
  [duration(), '30s', 30_000],
  [duration(), '10m', 600_000],
  [duration(), '12h', 43_200_000],
  [duration(), '7d', 604_800_000],
  [duration(), '0', 0],
  [duration(1_000, 500), '501ms', 501],
  [duration(1_000, 500), '499ms', WRONG],
  [duration(), '10', WRONG],
  [duration(), '-1s', WRONG],
  [duration(), '1.5h', WRONG],
  [duration(), '1w', WRONG],
  [duration(), '25d', WRONG],
  [duration(Infinity), '3650d', 315_360_000_000],
  [interval, '1s', 1_000],
  [interval, '999ms', WRONG],
  [interval, '0', WRONG],
  [integer(1, 10), '10', 10],
  [integer(1, 10), '11', WRONG],
  [integer(1, 10), '0', WRONG],
  [integer(1, 10), '1e1', WRONG],
  [integer(1, 10), ' 1', WRONG],
  [flag, 'true', true],
  [flag, 'false', false],
  [flag, 'yes', WRONG],
  [httpUrl, 'http://127.0.0.1:8008/', 'http://127.0.0.1:8008'],
  [httpUrl, 'https://hospital.example/base', 'https://hospital.example/base'],
  [httpUrl, 'hospital.example', WRONG],
  [httpUrl, 'hospital.example:8008', WRONG],
  [httpUrl, 'http:hospital.example', WRONG],
  [httpUrl, 'ftp://hospital.example', WRONG],
  [httpUrl, 'http://me@hospital.example', WRONG],
  [httpUrl, 'http://hospital.example/?a=b', WRONG],
  [httpUrl, 'http://hospital.example/#x', WRONG],
  [postgresUrl, 'postgres://u:p@h/db', 'postgres://u:p@h/db'],
  [postgresUrl, 'postgresql://h/db', 'postgresql://h/db'],
  [postgresUrl, 'postgres://h/', WRONG],
  [postgresUrl, 'mysql://h/db', WRONG],
  [path, 'a/b', '/etc/carebridge/a/b'],
  [path, '../b', '/etc/b'],
  [path, '/a/b', '/a/b'],
  [path, ' ', WRONG],
  [userId, '@nurse:hospital.example', '@nurse:hospital.example'],
  [userId, 'nurse', WRONG],
  [userId, '@nurse', WRONG],
  [phoneNumber, '+1 (212) 555-0100', '+12125550100'],
  [phoneNumber, '+12125550100', '+12125550100'],
  [phoneNumber, '212 555 0100', WRONG],
  [phoneNumber, '+1911', WRONG],
  [phoneNumber, '+15555550100', WRONG],
  [country, 'us', 'US'],
  [country, 'XX', WRONG],
];

describe('value types', () => {
  for (const [type, written, value] of cases) {
    it(`${type.name}: ${JSON.stringify(written)} is ${value === WRONG ? 'refused' : String(value)}`, () => {
      const read = type.read(written, '/etc/carebridge');
      if (value === WRONG) expect(read).to.have.all.keys('problem', 'fix');
      else expect(read).to.deep.equal({ value });
    });
  }
});

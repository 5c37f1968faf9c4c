import { expect } from 'chai';
import type { CarrierConfig } from '../../../src/config/config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { createSmsCarriers } from '../../../src/sms/index.ts';

const KANNEL: CarrierConfig = {
  type: 'kannel',
  url: 'http://127.0.0.1:13013/cgi-bin/sendsms',
  username: 'carebridge',
  password: 'pass',
  smsc: undefined,
  webhookSecret: 'secret',
  statusUrl: undefined,
  statusPassword: undefined,
};

describe('createSmsCarriers', () => {
  it('makes each carrier under its name', () => {
    const configs = new Map<string, CarrierConfig>([
      ['a', KANNEL],
      ['b', { type: 'loopback', url: 'http://127.0.0.1:1', secret: 'secret' }],
    ]);
    const carriers = createSmsCarriers(configs, 'http://127.0.0.1:9000');
    expect([...carriers].map(([key, { name }]) => [key, name])).to.deep.equal([
      ['a', 'a'],
      ['b', 'b'],
    ]);
    expect([...carriers.values()].map((carrier) => 'sendMms' in carrier)).to.deep.equal([false, true]);
  });

  it('refuses a password that no header can carry', () => {
    const carriers = new Map([['a', { ...KANNEL, password: 'line\nbreak' }]]);
    expect(() => createSmsCarriers(carriers, 'http://127.0.0.1:9000')).to.throw(ConfigError, 'Carrier a: password');
  });
});

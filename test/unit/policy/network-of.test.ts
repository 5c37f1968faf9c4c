import { expect } from 'chai';
import { networkOf } from '../../../src/policy/network-of.ts';

const CASES: readonly [address: string, network: string | undefined][] = [
  ['10.1.2.3', '10.1.2.0/24'],
  ['10.1.2.250', '10.1.2.0/24'],
  ['::ffff:10.1.2.3', '10.1.2.0/24'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
  ['2001:DB8:1::6', '2001:db8:1::/48'],
  ['2001:db8::6', '2001:db8:0::/48'],
  ['fe80::1%eth0', 'fe80:0:0::/48'],
  ['::1', '0:0:0::/48'],
  ['-', undefined],
  ['', undefined],
  ['999.1.1.1', undefined],
];

describe('the network of an address', () => {
  for (const [address, network] of CASES) {
    it(`${address || 'nothing'} is of ${network ?? 'none'}`, () => expect(networkOf(address)).to.equal(network));
  }
});

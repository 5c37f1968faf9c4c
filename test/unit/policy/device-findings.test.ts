import { expect } from 'chai';
import { labelOf } from '../../../src/model/device-label.ts';
import { findAbout, LAST_SEEN_LATE_MS, type RememberedDevice } from '../../../src/policy/device-findings.ts';

const PHONE = labelOf('PHONE');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1000 * DAY;
const LIMITS = { unusedMs: 30 * DAY, idleMs: undefined, verifyWithinMs: HOUR };
const KNOWN: RememberedDevice = { device: PHONE, firstSeenAt: NOW - 40 * DAY, networks: ['10.1.2.0/24'], told: [] };
const FACTS = { userNetworks: new Set(KNOWN.networks), isUnverified: false, now: NOW, limits: LIMITS };
const SEEN = { device: PHONE, lastSeenAt: NOW - HOUR, ip: '10.1.2.9' };

describe('what is told of a device', () => {
  it('A10 a new one, once', () => {
    const first = findAbout(SEEN, undefined, FACTS);
    expect(first.findings).to.deep.equal(['new-device']);
    expect(findAbout(SEEN, first.remember, FACTS).findings).to.deep.equal([]);
  });

  it('A10 a new network of the user, not of the device', () => {
    expect(findAbout({ ...SEEN, ip: '192.0.2.1' }, KNOWN, FACTS).findings).to.deep.equal(['new-network']);
    const facts = { ...FACTS, userNetworks: new Set(['192.0.2.0/24']) };
    expect(findAbout({ ...SEEN, ip: '192.0.2.1' }, KNOWN, facts).findings).to.deep.equal([]);
  });

  it('A10 an unverified one, after the owner had time, once; and again after it was verified', () => {
    const young = { ...KNOWN, firstSeenAt: NOW - HOUR + 1 };
    const facts = { ...FACTS, isUnverified: true };
    expect(findAbout(SEEN, young, facts).findings).to.deep.equal([]);
    const told = findAbout(SEEN, KNOWN, facts);
    expect(told.findings).to.deep.equal(['unverified']);
    expect(findAbout(SEEN, told.remember, facts).findings).to.deep.equal([]);
    const verified = findAbout(SEEN, told.remember, FACTS).remember;
    expect(findAbout(SEEN, verified, facts).findings).to.deep.equal(['unverified']);
  });

  it('A10 an unverified one not again because it was not known for a while whether it is', () => {
    const facts = { ...FACTS, isUnverified: true };
    const told = findAbout(SEEN, KNOWN, facts).remember;
    const unknown = findAbout(SEEN, told, { ...FACTS, isUnverified: undefined });
    expect(unknown.findings).to.deep.equal([]);
    expect(findAbout(SEEN, unknown.remember, facts).findings).to.deep.equal([]);
  });

  it('A10 one that was not used for long, once, and anew after it was used', () => {
    const old = { ...SEEN, lastSeenAt: NOW - 31 * DAY };
    const told = findAbout(old, KNOWN, FACTS);
    expect(told.findings).to.deep.equal(['unused']);
    expect(findAbout(old, told.remember, FACTS).findings).to.deep.equal([]);
    expect(findAbout(SEEN, told.remember, FACTS).remember.told).to.deep.equal([]);
  });

  it('takes a device that was never used for as old as the watch knows it', () => {
    const never = { ...SEEN, lastSeenAt: undefined, ip: undefined };
    expect(findAbout(never, KNOWN, FACTS).findings).to.deep.equal(['unused']);
  });

  const idle = { ...FACTS, limits: { ...LIMITS, idleMs: 8 * HOUR } };
  for (const [what, restsFor, expected] of [
    ['just used', HOUR, []],
    ['at the limit', 8 * HOUR, []],
    ['past the limit by what the server may be late', 8 * HOUR + LAST_SEEN_LATE_MS, []],
    ['past that', 8 * HOUR + LAST_SEEN_LATE_MS + 1, ['idle']],
  ] as const) {
    it(`C2 ${expected.length === 0 ? 'leaves' : 'signs out'} a device ${what}`, () => {
      expect(findAbout({ ...SEEN, lastSeenAt: NOW - restsFor }, KNOWN, idle).findings).to.deep.equal(expected);
    });
  }

  it('keeps a bounded number of networks', () => {
    let known = KNOWN;
    for (let n = 0; n < 200; n++)
      known = findAbout({ ...SEEN, ip: `10.0.${n}.1` }, known, {
        ...FACTS,
        userNetworks: new Set(known.networks),
      }).remember;
    expect(known.networks).to.have.length(50);
  });
});

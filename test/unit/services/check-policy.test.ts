import { expect } from 'chai';
import type { HomeserverFacts } from '../../../src/model/homeserver-settings.ts';
import { CheckPolicy, policyReportText } from '../../../src/services/check-policy.ts';

const FACTS: HomeserverFacts = {
  accounts: 'mas',
  software: 'Synapse/1.163.2',
  verified: { registration: 'open', guestAccess: false, urlPreviews: false },
  problems: ['something was not answered'],
};

describe('policy check (C1)', () => {
  const check = new CheckPolicy({
    probe: { probe: async () => FACTS },
    declared: { registration: 'off', inactiveSessionMs: 3_600_000, appPin: true },
    domain: 'hospital.test',
    prefix: '!care',
    bridge: async () => ({ securityRoomMembers: undefined, admins: 2, trust: 'cross-signed' }),
  });

  it('C1: tells verified from declared, and says what to write for the rest', async () => {
    const text = policyReportText(await check.check());
    expect(text).to.match(/^2 missing, 11 not known, 6 in order/);
    expect(text).to.include('something was not answered');
    expect(text).to.match(/- registration: .*verified, and it is not so\. The configuration declares otherwise/);
    expect(text).to.include('    # homeserver.yaml\n    enable_registration: false');
    expect(text).to.match(/- inactiveSessionMs: .*Declared, not verified\./);
    expect(text).to.match(/- guestAccess: .*Verified\./);
    expect(text).to.include('    homeserver_declarations:\n      retention: true');
    expect(text).to.match(/- security-room: .*\n {4}Run !care setup/);
  });

  it('C3: the PIN of the app is only ever declared', async () => {
    const { findings } = await check.check();
    expect(findings.find(({ id }) => id === 'appPin')).to.include({ status: 'ok', proof: 'declared' });
  });
});

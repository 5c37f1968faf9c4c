import { expect } from 'chai';
import type { HomeserverSettings } from '../../../src/model/homeserver-settings.ts';
import { checkHomeserver } from '../../../src/policy/homeserver-check.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A server that is as it should be. */
const GOOD: Required<HomeserverSettings> = {
  registration: 'off',
  guestAccess: false,
  inactiveSessionMs: DAY_MS,
  sessionLifetimeMs: 7 * DAY_MS,
  staleDevicesMs: 30 * DAY_MS,
  accessTokenMs: 300_000,
  retention: true,
  encryptionByDefault: 'all',
  roomDirectory: false,
  federation: 'off',
  tls: true,
  limitProfileRequests: true,
  urlPreviews: false,
  adminMfa: true,
  encryptionAtRest: true,
  appPin: true,
  keyBackup: true,
};

/** One setting, the verdict, and a line of the fix. */
const CASES: readonly (readonly [HomeserverSettings, 'ok' | 'missing', fix?: string])[] = [
  [{ registration: 'token' }, 'ok'],
  [{ registration: 'open' }, 'missing', 'enable_registration: false'],
  [{ guestAccess: true }, 'missing', 'allow_guest_access: false'],
  [{ inactiveSessionMs: 0 }, 'missing', '  inactive_session_expiration:\n    ttl: 86400'],
  [{ inactiveSessionMs: 600_000 }, 'ok'],
  [{ inactiveSessionMs: 8 * DAY_MS }, 'missing', 'ttl: 86400'],
  [{ sessionLifetimeMs: 0 }, 'missing', 'session_lifetime: 7d'],
  [{ sessionLifetimeMs: 30 * DAY_MS }, 'ok'],
  [{ sessionLifetimeMs: 31 * DAY_MS }, 'missing', 'session_lifetime: 7d'],
  [{ staleDevicesMs: 0 }, 'missing', 'delete_stale_devices_after: 30d'],
  [{ staleDevicesMs: 91 * DAY_MS }, 'missing', 'delete_stale_devices_after: 30d'],
  [{ accessTokenMs: 0 }, 'missing', 'refreshable_access_token_lifetime: 5m'],
  [{ accessTokenMs: HOUR_MS }, 'ok'],
  [{ retention: false }, 'missing', 'retention:\n  enabled: true'],
  [{ encryptionByDefault: 'off' }, 'missing', 'encryption_enabled_by_default_for_room_type: all'],
  [{ encryptionByDefault: 'invite' }, 'ok'],
  [{ roomDirectory: true }, 'missing', 'enable_room_list_search: false'],
  [{ federation: 'open' }, 'missing', 'federation_domain_whitelist: []'],
  [{ federation: 'listed' }, 'ok'],
  [{ tls: false }, 'missing', 'public_baseurl: "https://hospital.test/"'],
  [{ limitProfileRequests: false }, 'missing', 'limit_profile_requests_to_users_who_share_rooms: true'],
  [{ urlPreviews: true }, 'missing', 'url_preview_enabled: false'],
  [{ adminMfa: false }, 'missing', 'second factor'],
  [{ encryptionAtRest: false }, 'missing', 'encrypted disks'],
  [{ appPin: false }, 'missing', 'MDM'],
  [{ keyBackup: false }, 'missing', 'secure_backup_required'],
];

describe('what the homeserver must be set to (C1, C3, 1N)', () => {
  const check = (
    accounts: 'native' | 'mas' | 'unknown',
    verified: HomeserverSettings,
    declared: HomeserverSettings = {},
  ) => checkHomeserver({ accounts, verified }, declared, 'hospital.test');

  it('C1: finds nothing missing on a server that is as it should be', () => {
    expect(check('unknown', GOOD).map(({ status }) => status)).to.deep.equal(Object.keys(GOOD).map(() => 'ok'));
  });

  for (const [setting, status, fix] of CASES) {
    it(`C1: ${JSON.stringify(setting)} is ${status}`, () => {
      const [id] = Object.keys(setting);
      const finding = check('unknown', { ...GOOD, ...setting }).find((one) => one.id === id);
      expect(finding).to.include({ status, proof: 'verified' });
      if (fix === undefined) expect(finding?.fix).to.equal(undefined);
      else expect(finding?.fix).to.include(fix);
    });
  }

  it('C1: what nobody said is unknown, with the lines to write', () => {
    for (const finding of check('unknown', {})) {
      expect(finding).to.include({ status: 'unknown', proof: undefined });
      expect(finding.fix).to.be.a('string');
    }
  });

  it('C1: what only the operator says is declared, not verified', () => {
    for (const finding of check('unknown', {}, GOOD)) expect(finding).to.include({ status: 'ok', proof: 'declared' });
  });

  it('C1: what was seen counts more than what is declared, and the difference is said', () => {
    const finding = check('native', { registration: 'open' }, { registration: 'off' })[0];
    expect(finding).to.include({ id: 'registration', status: 'missing', proof: 'verified', contradicts: true });
  });

  it('asks for MAS’s settings where MAS owns the accounts, and for Synapse’s where it does itself', () => {
    const ids = (accounts: 'native' | 'mas') => check(accounts, {}).map(({ id }) => id);
    expect(ids('native')).to.include('sessionLifetimeMs').and.not.to.include('inactiveSessionMs');
    expect(ids('mas')).to.include('inactiveSessionMs').and.not.to.include('sessionLifetimeMs');
  });

  it('C3: calls the PIN of the app an organisational control, whatever is declared', () => {
    expect(check('mas', {}).find(({ id }) => id === 'appPin')?.what).to.include('organisational control');
  });
});

import type { CarrierCheck } from '../../ports/sms-carrier.ts';
import { httpCall, type CallResult } from '../http-call.ts';
import type { KannelConfig } from './config.ts';

/** Asks smsbox and bearerbox whether they would work, without sending a text. */
export async function checkKannel(
  config: KannelConfig,
  credentials: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<readonly CarrierCheck[]> {
  return [await checkSendsms(config, credentials, signal), await checkStatus(config, signal), WHAT_CANNOT_BE_SEEN];
}

const WHAT_CANNOT_BE_SEEN: CarrierCheck = {
  ok: true,
  tried: 'to see http-request-retry, dlr-storage, max-messages and what Kannel logs',
  result: 'Kannel tells none of them',
  fix: 'Compare kannel.conf with docs/carriers.md: by default patients’ texts are lost when we are down for a moment, reports when Kannel restarts, and long texts are cut.',
};

/** A request without a receiver: with the right password Kannel misses the receiver (400), with the wrong one it says 403. */
async function checkSendsms(
  { url }: KannelConfig,
  credentials: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CarrierCheck> {
  const tried = `to log in to sendsms at ${withoutSecrets(url)}`;
  const call = await httpCall(new URL(url), { method: 'POST', headers: credentials, signal });
  if (call.kind !== 'answer') return unreachable(tried, call, 'Start smsbox, or correct url.');
  const words = call.body.toString('latin1');
  if (/missing receiver/i.test(words)) return { ok: true, tried, result: 'logged in' };
  if (call.status === 403 || call.status === 401) {
    return {
      ok: false,
      tried,
      result: `refused (HTTP ${call.status})`,
      fix: 'Make username and password those of a sendsms-user group, and let its user-allow-ip hold our address.',
    };
  }
  return {
    ok: false,
    tried,
    result: `not Kannel's answer (HTTP ${call.status})`,
    fix: 'Correct url: it ends with sendsms-url, by default /cgi-bin/sendsms.',
  };
}

async function checkStatus({ statusUrl, statusPassword }: KannelConfig, signal: AbortSignal): Promise<CarrierCheck> {
  if (statusUrl === undefined) {
    return {
      ok: true,
      tried: 'to ask bearerbox for its state',
      result: 'not asked, since status_url is not set',
      fix: 'Set status_url and status_password to see whether the network is connected.',
    };
  }
  const tried = `to ask bearerbox for its state at ${withoutSecrets(statusUrl)}`;
  const url = new URL('/status.txt', statusUrl);
  url.searchParams.set('password', statusPassword ?? '');
  const call = await httpCall(url, { method: 'GET', signal, maxBytes: 1024 * 1024 });
  if (call.kind !== 'answer')
    return unreachable(tried, call, 'Start bearerbox, or correct status_url (admin-port of group core).');
  const words = call.body.toString('latin1');
  if (/denied/i.test(words)) {
    return {
      ok: false,
      tried,
      result: 'refused',
      fix: 'Make status_password that of group core, and let admin-allow-ip hold our address.',
    };
  }
  if (!/Kannel bearerbox/i.test(words)) {
    return { ok: false, tried, result: `not bearerbox's answer (HTTP ${call.status})`, fix: 'Correct status_url.' };
  }
  const online = words.match(/\(online\b/g)?.length ?? 0;
  if (online === 0) {
    return {
      ok: false,
      tried,
      result: 'no connection to an SMS centre is online',
      fix: 'Look into bearerbox.log for the smsc groups. Texts wait in Kannel meanwhile.',
    };
  }
  return { ok: true, tried, result: `running, connections to SMS centres online: ${online}` };
}

function unreachable(tried: string, call: Exclude<CallResult, { kind: 'answer' }>, fix: string): CarrierCheck {
  return { ok: false, tried, result: `no answer (${call.detail})`, fix };
}

/** An address for people's eyes: no credentials, no query. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

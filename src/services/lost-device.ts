import { RetryableError, UserError } from '../errors.ts';
import type { JsonValue } from '../model/json.ts';
import type { Account, AccountDevice, Change } from '../ports/accounts.ts';
import {
  audited,
  OFFLINE_PHONE,
  requireTarget,
  rotateFor,
  type AccountRequest,
  type AccountResult,
  type AccountServiceParts,
} from './act-on-account.ts';
import { byUse, takeEvidence } from './list-devices.ts';
import type { TellOwner } from './tell-owner.ts';

/** What ending sessions needs. */
export interface LostDeviceParts extends AccountServiceParts {
  readonly tellOwner: Pick<TellOwner, 'tell'>;
}

type Evidence = Readonly<Record<string, JsonValue>>;

/** Ends the sessions of a lost or stolen device, or of all of an account's (D1). */
export class LostDevice {
  readonly #parts: LostDeviceParts;

  constructor(parts: LostDeviceParts) {
    this.#parts = parts;
  }

  /** What would be ended: the account and its devices. Throws UserError where it must not be. */
  async look(
    request: Pick<AccountRequest, 'actor' | 'target'>,
  ): Promise<{ account: Account; devices: readonly AccountDevice[] }> {
    const account = await requireTarget(this.#parts, 'end-sessions', request, true);
    return { account, devices: byUse(await this.#parts.accounts.devices(request.target)) };
  }

  /** Ends one device, or everything where `deviceId` is undefined. The evidence is in the audit log before. */
  async run(request: AccountRequest, deviceId: string | undefined): Promise<AccountResult> {
    const { target } = request;
    await requireTarget(this.#parts, 'end-sessions', request);
    const before = await takeEvidence(this.#parts, target);
    if (deviceId !== undefined && request.isRepeat !== true) requireKnown(before, deviceId);
    const action = deviceId === undefined ? 'account.end-all-sessions' : 'account.end-device';
    let isTold = false;
    const result = await audited(this.#parts, request, action, before, async () => {
      const ended = await this.#end(request, deviceId);
      // Only now: before, the homeserver would still name the device.
      const rooms = await rotateFor(this.#parts, target);
      const after = await this.#after(request);
      // Who holds the device must not read it, and without another one the owner could not.
      isTold = ended.done && deviceId !== undefined && (await this.#tellOwner(request, before, deviceId));
      const keyed = withKeys(ended, rooms);
      const verified = [...keyed.verified, ...(isTold ? ['the owner is told in the command room'] : [])];
      // Where nothing else is verified: new keys alone end no session.
      const change = ended.verified.length > 0 ? { ...keyed, verified } : ended;
      return { change, after: { ...after, ownerTold: isTold } };
    });
    const untold = result.outcome === 'done' && !isTold ? [NOT_TOLD] : [];
    return { ...result, text: [result.text, OFFLINE_PHONE, ...untold].join('\n') };
  }

  async #tellOwner({ actor, target, eventId, trace }: AccountRequest, before: Evidence, deviceId: string) {
    const known = listed(before).find((device) => device.deviceId === deviceId);
    const which = known?.name === undefined ? deviceId : `${deviceId} (${known.name})`;
    const text = `your device ${which} was reported lost, and ${actor} has signed it out. Your other devices go on. If you have it, sign in on it again and verify it; if you miss anything else, say so here.`;
    return await this.#parts.tellOwner.tell(target, text, { cause: `lost-device:${eventId ?? trace}`, trace });
  }

  async #end({ target, isRepeat }: AccountRequest, deviceId: string | undefined): Promise<Change> {
    const { accounts } = this.#parts;
    if (deviceId === undefined) return accounts.endAllSessions(target);
    const change = await accounts.endDevice(target, deviceId);
    if (change.done || isRepeat !== true) return change;
    // The process that began this may have ended it.
    const all = await Promise.all([accounts.devices(target), accounts.sessions(target)]);
    const isThere = all.flat().some((known) => known.deviceId === deviceId);
    return isThere ? change : { done: true, verified: [`device ${deviceId} is gone`] };
  }

  async #after({ target }: AccountRequest): Promise<Evidence> {
    try {
      const devices = await this.#parts.accounts.devices(target);
      return { devices: devices.map(({ deviceId }) => deviceId) };
    } catch (error) {
      if (error instanceof RetryableError) return { devices: 'not told: the server is away' };
      throw error;
    }
  }
}

function withKeys(ended: Change, rooms: number | undefined): Change {
  if (rooms === undefined) return { ...ended, problem: [ended.problem, KEYS_FOLLOW].filter(Boolean).join(' ') };
  return {
    ...ended,
    verified: [...ended.verified, `new keys for what the bridge says from now on, in ${rooms} rooms`],
  };
}

const KEYS_FOLLOW =
  'The bridge encrypts with new keys as soon as the homeserver tells it that the device is gone; from here that cannot be verified.';

const NOT_TOLD = 'The owner could not be told: tell them yourself.';

function listed(before: Evidence): { readonly deviceId?: string; readonly name?: string }[] {
  return ['devices', 'sessions'].flatMap((key) => {
    const list = before[key];
    return Array.isArray(list) ? (list as { deviceId?: string; name?: string }[]) : [];
  });
}

function requireKnown(before: Evidence, deviceId: string): void {
  const all = listed(before);
  if (all.some((known) => known.deviceId === deviceId)) return;
  const known = [...new Set(all.flatMap((entry) => entry.deviceId ?? []))];
  throw new UserError(`There is no device ${deviceId}. Nothing was done. There are: ${known.join(', ') || 'none'}.`);
}

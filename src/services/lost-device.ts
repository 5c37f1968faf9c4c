import { isFault, UserError } from '../errors.ts';
import { labelOf, type DeviceLabel } from '../model/device-label.ts';
import type { UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { Account, AccountDevice, Change } from '../ports/accounts.ts';
import { requireTarget } from './account-guard.ts';
import {
  audited,
  begunWith,
  OFFLINE_PHONE,
  orProblem,
  rotateFor,
  type AccountRequest,
  type AccountResult,
  type AccountServiceParts,
} from './act-on-account.ts';
import { byUse, takeEvidence, type EvidenceParts } from './list-devices.ts';
import type { TellOwner } from './tell-owner.ts';

/** What ending sessions needs. */
export interface LostDeviceParts extends AccountServiceParts, EvidenceParts {
  readonly tellOwner: Pick<TellOwner, 'tell'>;
}

type Evidence = Readonly<Record<string, JsonValue>>;

/** A device of the evidence. */
interface Listed {
  readonly deviceId: string;
  readonly name?: string;
}

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

  /** Ends one device, or everything where `device` is undefined. The evidence is in the audit log before. */
  async run(request: AccountRequest, device: DeviceLabel | undefined): Promise<AccountResult> {
    const { target } = request;
    await requireTarget(this.#parts, 'end-sessions', request);
    const before = await takeEvidence(this.#parts, target);
    const action = device === undefined ? 'account.end-all-sessions' : 'account.end-device';
    const found = device && listedIn(before, device);
    if (device !== undefined && found === undefined && !(await this.#hadBegun(request, action, device)))
      throw noSuchDevice(before, device);
    let isTold = false;
    const result = await audited(this.#parts, request, action, before, async () => {
      const ended = await orProblem(() => this.#end(target, device, found));
      // Only now: before, the homeserver would still name the device.
      const rooms = await rotateFor(this.#parts, target);
      const after = await this.#after(request);
      // Who holds the device must not read it, and without another one the owner could not.
      const isLeft = Array.isArray(after['devices']) && after['devices'].length > 0;
      isTold = ended.done && device !== undefined && isLeft && (await this.#tellOwner(request, device, found?.name));
      const keyed = withKeys(ended, rooms);
      const verified = [...keyed.verified, ...(isTold ? ['the owner is told in the command room'] : [])];
      return { change: { ...keyed, verified }, after: { ...after, ownerTold: isTold } };
    });
    const ifDone = result.outcome === 'done' ? [OTHERS_KEYS, ...(isTold ? [] : [NOT_TOLD])] : [];
    return { ...result, text: [result.text, OFFLINE_PHONE, ...ifDone, ...missingIn(before)].join('\n') };
  }

  /** Whether a run of the same request that died had the device to end: then it is that run which ended it. */
  async #hadBegun(request: AccountRequest, action: string, device: DeviceLabel): Promise<boolean> {
    if (request.isRepeat !== true) return false;
    const begun = await begunWith(this.#parts, action, request);
    return begun !== undefined && listedIn(begun as Evidence, device) !== undefined;
  }

  async #tellOwner({ actor, target, eventId, trace }: AccountRequest, device: DeviceLabel, name: string | undefined) {
    const which = name === undefined ? device : `${device} (${name})`;
    const text = `your device ${which} was reported lost, and ${actor} has signed it out. Your other devices stay signed in. If you have it, sign in on it again and verify it; if you miss anything else, say so here.`;
    return await this.#parts.tellOwner.tell(target, text, { cause: `lost-device:${eventId ?? trace}`, trace });
  }

  async #end(target: UserId, device: DeviceLabel | undefined, found: Listed | undefined): Promise<Change> {
    const { accounts } = this.#parts;
    if (device === undefined) return accounts.endAllSessions(target);
    return found === undefined
      ? { done: true, verified: [`device ${device} is gone`] }
      : accounts.endDevice(target, found.deviceId);
  }

  async #after({ target }: AccountRequest): Promise<Evidence> {
    try {
      const devices = await this.#parts.accounts.devices(target);
      return { devices: devices.map(({ deviceId }) => labelOf(deviceId)) };
    } catch (error) {
      // What was ended is told all the same.
      if (isFault(error) || error instanceof UserError) return { devices: `not told: ${error.message}` };
      throw error;
    }
  }
}

/** A device that may still be listed is sent the new keys as well: then nothing is said of them. */
function withKeys(ended: Change, rooms: number | undefined): Change {
  if (!ended.done) return ended;
  if (rooms === undefined) return { ...ended, problem: [ended.problem, KEYS_FOLLOW].filter(Boolean).join(' ') };
  return {
    ...ended,
    verified: [
      ...ended.verified,
      `new keys for what the bridge says from now on, in ${rooms === 1 ? '1 room' : `${rooms} rooms`}`,
    ],
  };
}

const KEYS_FOLLOW =
  'The bridge encrypts with new keys as soon as the homeserver tells it that the device is gone; from here that cannot be verified.';

const OTHERS_KEYS =
  'Expected, not verified: other members’ clients encrypt to it no more from their next message on, once the homeserver has told them.';

const NOT_TOLD = 'The owner could not be told: tell them yourself.';

const EVIDENCE: Readonly<Record<string, string>> = {
  devices: 'its devices',
  sessions: 'its sessions',
  pushers: 'where pushes went',
  connections: 'where it was used from',
};

/** What the audit log should have and no server told. */
function missingIn(before: Evidence): string[] {
  const missing = Object.entries(before).filter(([, told]) => typeof told === 'string');
  if (missing.length === 0) return [];
  const named = missing.map(([what, why]) => `${EVIDENCE[what]} (${why as string})`);
  return [`Not told by the servers, and so not in the audit log: ${named.join('; ')}.`];
}

/** What has a device of the evidence. */
function allOf(evidence: Evidence): readonly Listed[] {
  const lists = [evidence['devices'], evidence['sessions']].filter((list) => Array.isArray(list));
  return (lists.flat() as readonly Partial<Listed>[]).filter((one): one is Listed => one.deviceId !== undefined);
}

/** The device of that label, in the list or in a session. */
function listedIn(evidence: Evidence, device: DeviceLabel): Listed | undefined {
  return allOf(evidence).find(({ deviceId }) => labelOf(deviceId) === device);
}

function noSuchDevice(before: Evidence, device: DeviceLabel): UserError {
  const known = [...new Set(allOf(before).map(({ deviceId }) => labelOf(deviceId)))];
  return new UserError(`There is no device ${device}. Nothing was done. There are: ${known.join(', ') || 'none'}.`);
}

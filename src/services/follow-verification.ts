import { RetryableError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { CarePolicy } from '../model/care-policy.ts';
import { mustVerify } from '../policy/must-verify.ts';
import type { DeviceTrust } from '../ports/device-trust.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What following needs. */
export interface FollowVerificationParts {
  readonly policy: Pick<PolicyInEffect, 'current'>;
  readonly deviceTrust: DeviceTrust;
  /** Puts it into the policy; where it is another one, the rooms are looked at. */
  readonly found: (unverified: NonNullable<CarePolicy['unverifiedDevices']>) => void;
  readonly log: Logger;
  /** Between two looks, ms. */
  readonly everyMs?: number;
}

/** A look costs nothing while no device changed. */
const EVERY_MS = 10_000;

/** Keeps in the policy who has devices that are not verified, for the classes that require it. */
export class FollowVerification implements Disposable {
  readonly #parts: FollowVerificationParts;
  #timer: NodeJS.Timeout | undefined;
  #first: Promise<void> | undefined;

  constructor(parts: FollowVerificationParts) {
    this.#parts = parts;
  }

  /** Looks now, and from time to time. Resolves when it has looked once, or could not. */
  start(): Promise<void> {
    this.#first ??= this.look();
    this.#timer ??= setInterval(() => void this.look(), this.#parts.everyMs ?? EVERY_MS).unref();
    return this.#first;
  }

  /** Looks once. What was found stays while the homeserver is away. */
  async look(): Promise<void> {
    const { policy, deviceTrust, found, log } = this.#parts;
    try {
      found(await deviceTrust.unverified(mustVerify(await policy.current())));
    } catch (error) {
      if (!(error instanceof RetryableError)) log.warn('verification.not-looked-at', { error });
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

import type { Logger } from '../log.ts';
import type { RoleStore } from '../ports/role-store.ts';
import type { PolicyInEffect } from './policy-in-effect.ts';

/** What following needs. */
export interface FollowRolesParts {
  readonly roles: RoleStore;
  readonly policy: PolicyInEffect;
  readonly log: Logger;
}

const EVERY_MS = 30_000;

/** Has the policy made anew after `carebridge roles`, which is a process of its own, has changed roles. */
export class FollowRoles implements Disposable {
  readonly #parts: FollowRolesParts;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: FollowRolesParts) {
    this.#parts = parts;
  }

  /** Looks now and then, until it is disposed of. */
  start(): void {
    this.#timer ??= setInterval(() => void this.runOnce(), EVERY_MS).unref();
  }

  /** Looks once. */
  async runOnce(): Promise<void> {
    const { roles, policy, log } = this.#parts;
    try {
      if (await roles.reread()) policy.invalidate();
    } catch (error) {
      log.warn('roles.not-reread', { error });
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

import type { CommandRunner } from '../commands/run-command.ts';
import type { Logger } from '../log.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { AccountControl } from './accounts.ts';
import type { CommonParts } from './common-parts.ts';
import type { Governance } from './governance.ts';

/** How often finished rows are wiped and overdue questions ended, ms. */
const HOUSEKEEPING_EVERY_MS = 60_000;

/** What goes on by itself, beside the queues. */
export interface Background extends AsyncDisposable {
  /** The homeserver can be used, for the first time or again: what waited for it is tried. */
  homeserverIsThere(): void;
}

/** Begins all of it; what needs the homeserver waits for `homeserverIsThere`. */
export function startBackground(
  { policy, archiving, expireParked }: CommonParts,
  governance: Governance,
  accounts: AccountControl,
  commands: CommandRunner,
  storage: Storage,
  log: Logger,
): Background {
  const { govern, guardAudit, expireBreakGlass, followVerification, syncDirectory, lostRooms } = governance;
  const { offboardAccount, watchSignIns, followCommandLine } = accounts;
  policy.onChange(() => {
    govern.policyChanged();
    expireBreakGlass.notify();
  });
  followCommandLine.start();
  archiving?.wake();
  syncDirectory?.start();
  const housekeeping = setInterval(() => {
    storage.wipeFinished(Date.now()).catch((error: unknown) => log.error('wipe.failed', { error }));
    expireParked.run(Date.now()).catch((error: unknown) => log.error('parked.not-expired', { error }));
    commands.endExpired().catch((error: unknown) => log.error('command.not-expired', { error }));
  }, HOUSEKEEPING_EVERY_MS);
  const signing =
    guardAudit &&
    setInterval(() => {
      guardAudit.run(Date.now()).catch((error: unknown) => log.error('audit.not-signed', { error }));
    }, guardAudit.everyMs);
  return {
    homeserverIsThere() {
      // Before rooms are looked at: else what people were told of unverified devices would seem to be over.
      void followVerification.start().then(() => {
        govern.start();
        govern.retryNow();
      });
      lostRooms.start();
      expireBreakGlass.retryNow();
      offboardAccount.wake();
      watchSignIns.start();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(housekeeping);
      clearInterval(signing);
      followVerification[Symbol.dispose]();
      await Promise.all([
        archiving?.stop(),
        followCommandLine[Symbol.asyncDispose](),
        syncDirectory?.[Symbol.asyncDispose](),
        watchSignIns.stop(),
        offboardAccount.stop(),
        expireBreakGlass.stop(),
        lostRooms[Symbol.asyncDispose](),
        govern[Symbol.asyncDispose](),
      ]);
    },
  };
}

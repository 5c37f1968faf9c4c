import type { HomeserverFacts, HomeserverSettings } from '../model/homeserver-settings.ts';

/** Finds out what the homeserver tells of its set-up. */
export interface HomeserverProbe {
  /**
   * Asks. Never throws: what could not be asked is left out and named. `declared` spares the one question that leaves a trace: a server that is
   * declared to let guests in is not asked to, since it would make one.
   */
  probe(declared: HomeserverSettings): Promise<HomeserverFacts>;
}

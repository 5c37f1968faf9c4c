import type { Config } from '../config/config.ts';
import { governConversations } from '../services/govern-conversations.ts';
import { markInterrupted } from '../services/mark-interrupted.ts';
import { keepTextsAndRetention } from '../services/policy-documents.ts';
import { tellLineAdded } from '../services/tell-line-added.ts';
import type { AccountControl } from './accounts.ts';
import { automaticTexts, type CommonParts } from './common-parts.ts';

/** Takes up, before anything comes in, what is governed, what was done on the command line, and what a dead process left behind. */
export async function takeUp(parts: CommonParts, accounts: AccountControl, config: Config): Promise<void> {
  await parts.governedRooms.load();
  // Before the policy: else whoever is locked or left would be asked into their lines' rooms again.
  await accounts.followCommandLine.begin();
  await parts.policy.start();
  const { wordingVersion } = config.consent;
  const inEffect = { wordingVersion, texts: automaticTexts(config), ...config.retention };
  await keepTextsAndRetention(parts.policyVersions, inEffect, Date.now());
  await governConversations(parts);
  await markInterrupted(parts);
  await tellLineAdded(parts);
}

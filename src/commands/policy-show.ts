import { UserError } from '../errors.ts';
import type { PolicyVersionStore } from '../ports/policy-version-store.ts';
import { POLICY_SUBJECTS } from '../services/policy-documents.ts';
import { defineCommand, type Command } from './command.ts';
import { choiceParameter } from './parameters.ts';
import { atOption, timeOf } from './time-argument.ts';

/** `policy show`: a document of the policy as it is in effect, or was on a day (F7). */
export function policyShowCommand({ policyVersions }: { readonly policyVersions: PolicyVersionStore }): Command {
  return defineCommand({
    name: 'policy show',
    permission: 'check-policy',
    where: 'command-room',
    effect: 'reads',
    summary: 'show roles, classes, texts to patients or retention as they are, or were on a day',
    details: 'Every version of the configuration is kept for ever, with its dates and its SHA-256.',
    parameters: { document: choiceParameter('which document', POLICY_SUBJECTS) },
    options: { at: atOption },
    run: async (_call, { document, at: typed }) => {
      const history = await policyVersions.history(document);
      const at = typed === undefined ? Date.now() : timeOf(typed);
      const found = history.findLast(({ since }) => since <= at);
      if (found === undefined) {
        const first = history[0];
        const since = first === undefined ? 'none was written down yet' : `the first is of ${dateOf(first.since)}`;
        throw new UserError(`No version of ${document} was in effect then: ${since}.`);
      }
      const { version, hash, since, until, content } = found;
      const dates = `in effect since ${dateOf(since)}${until === undefined ? '' : ` until ${dateOf(until)}`}`;
      const text = `${document}, version ${version} of ${history.length}, ${dates}. SHA-256 ${hash}`;
      return {
        text: `${text}\n${JSON.stringify(JSON.parse(content), undefined, 2)}`,
        data: { document, version, hash, since, until: until ?? null },
        audit: { details: { version, hash } },
      };
    },
  });
}

function dateOf(at: number): string {
  return new Date(at).toISOString();
}

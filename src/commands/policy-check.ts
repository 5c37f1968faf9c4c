import type { CheckPolicy } from '../services/check-policy.ts';
import { policyReportText } from '../services/check-policy.ts';
import { defineCommand, type Command } from './command.ts';

/** `policy check`: what of homeserver and bridge is not yet compliant, and what to write where (C1). */
export function policyCheckCommand({ checkPolicy }: { readonly checkPolicy: CheckPolicy }): Command {
  return defineCommand({
    name: 'policy check',
    permission: 'check-policy',
    where: 'command-room',
    effect: 'reads',
    summary: 'show which homeserver settings still need changing',
    details:
      '“Verified” was asked of the homeserver; “declared” is what the configuration states, and is taken on trust.',
    parameters: {},
    run: async () => {
      const report = await checkPolicy.check();
      const findings = report.findings.map(({ id, status, proof, fix }) => ({
        id,
        status,
        proof: proof ?? null,
        fix: fix ?? null,
      }));
      const missing = findings.filter(({ status }) => status === 'missing').map(({ id }) => id);
      return {
        text: policyReportText(report),
        data: { accounts: report.facts.accounts, software: report.facts.software ?? null, findings },
        audit: { details: { missing } },
      };
    },
  });
}

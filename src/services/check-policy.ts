import type { HomeserverFacts, HomeserverSettings } from '../model/homeserver-settings.ts';
import { checkBridge, type BridgeFacts, type BridgeFinding } from '../policy/bridge-check.ts';
import { checkHomeserver, type HomeserverFinding } from '../policy/homeserver-check.ts';
import type { HomeserverProbe } from '../ports/homeserver-probe.ts';

/** What checking needs. */
export interface CheckPolicyParts {
  readonly probe: HomeserverProbe;
  /** What the operator says of the homeserver in the configuration. */
  readonly declared: HomeserverSettings;
  readonly domain: string;
  readonly prefix: string;
  /** Looks at the bridge itself; left out where only the homeserver is asked about. */
  readonly bridge?: () => Promise<BridgeFacts>;
}

/** What was found (C1). */
export interface PolicyReport {
  readonly facts: HomeserverFacts;
  readonly findings: readonly (HomeserverFinding | (BridgeFinding & { readonly proof: 'verified' }))[];
}

/** Finds out how far homeserver and bridge are set up as a hospital needs them. */
export class CheckPolicy {
  readonly #parts: CheckPolicyParts;

  constructor(parts: CheckPolicyParts) {
    this.#parts = parts;
  }

  async check(): Promise<PolicyReport> {
    const { probe, declared, domain, bridge, prefix } = this.#parts;
    const [facts, own] = await Promise.all([probe.probe(declared), bridge?.()]);
    const ownFindings = own === undefined ? [] : checkBridge(own, prefix, domain);
    return {
      facts,
      findings: [
        ...ownFindings.map((finding) => ({ ...finding, proof: 'verified' as const })),
        ...checkHomeserver(facts, declared, domain),
      ],
    };
  }
}

/** The report, to be read on a phone: what is missing first, each with what to write. */
export function policyReportText({ facts, findings }: PolicyReport): string {
  const of = (status: string) => findings.filter((finding) => finding.status === status);
  const [missing, unknown, ok] = [of('missing'), of('unknown'), of('ok')];
  const accounts = { native: 'the homeserver', mas: 'Matrix Authentication Service', unknown: 'not known' }[
    facts.accounts
  ];
  return [
    `${missing.length} missing, ${unknown.length} not known, ${ok.length} in order. Accounts: ${accounts}.`,
    ...facts.problems.map((problem) => `Note: ${problem}`),
    '',
    ...section('MISSING', missing.map(withFix)),
    ...section(
      'NOT KNOWN (nobody can ask the homeserver: look there, and declare it in our configuration)',
      unknown.map(withFix),
    ),
    ...section(
      'IN ORDER',
      ok.map(({ id, what, proof }) => `- ${id}: ${what}. ${inWords(proof)}`),
    ),
    '"Declared" is what the operator says, and was not verified. Changes to homeserver.yaml take effect after a restart of the homeserver.',
  ].join('\n');
}

type Finding = PolicyReport['findings'][number];

function withFix(finding: Finding): string {
  const { id, what, proof, fix = '' } = finding;
  const contradiction = 'contradicts' in finding ? ' The configuration declares otherwise.' : '';
  const how = proof === undefined ? '' : ` (${proof}, and it is not so.${contradiction})`;
  const declare =
    'declare' in finding && finding.declare !== undefined
      ? `\n# and in the configuration of Carebridge\nhomeserver_declarations:\n  ${finding.declare}`
      : '';
  return `- ${id}: ${what}${how}\n${`${fix}${declare}`.replace(/^/gm, '    ')}`;
}

function inWords(proof: Finding['proof']): string {
  return proof === 'verified' ? 'Verified.' : 'Declared, not verified.';
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines, ''];
}

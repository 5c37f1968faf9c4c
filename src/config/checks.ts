/** What no single setting can tell: whether they fit together. Each check sees everything that could be read, and reports by key. */
import { serverOf } from '../model/ids.ts';
import { SENDER_LOCALPART } from '../model/namespace.ts';
import { findTextProblems, IDENTITY_QUESTION, NEEDS, WARNING, WORDING_VERSION } from './consent-texts.ts';
import { checkGovernance } from './governance-checks.ts';
import { nearestName } from './nearest-name.ts';
import type { Report } from './problems.ts';
import type { IncompleteValues } from './schema.ts';

type Check = (values: IncompleteValues, report: Report) => void;

/** Runs every check. */
export function checkTogether(values: IncompleteValues, report: Report): void {
  for (const check of CHECKS) check(values, report);
}

const CHECKS: readonly Check[] = [
  checkBot,
  checkPorts,
  checkDatabase,
  checkStaff,
  checkLines,
  checkUnusedCarriers,
  checkStatus,
  checkConsentTexts,
  checkWordingVersion,
  checkGovernance,
];

function checkBot({ appservice, homeserver }: IncompleteValues, report: Report): void {
  const { bot, ghost_prefix: prefix } = appservice ?? {};
  if (bot === SENDER_LOCALPART) {
    const problem = "it is the name of the registration's sender, to which homeservers refuse /sync";
    report('appservice.bot', problem, 'choose another name, such as carebridge');
  }
  if (prefix !== undefined && bot?.startsWith(prefix)) {
    report(
      'appservice.bot',
      'it starts like the name of a ghost',
      'choose a name that does not start with appservice.ghost_prefix',
    );
  }
  if (prefix !== undefined && SENDER_LOCALPART.startsWith(prefix)) {
    report(
      'appservice.ghost_prefix',
      "it takes in the name of the registration's sender",
      'make it longer, such as carebridge_',
    );
  }
  // Room aliases and user ids hold 255 bytes at most (Matrix appendices, 4.2): 30 are left for what is random.
  if ((prefix?.length ?? 0) + (homeserver?.domain?.length ?? 0) > 220) {
    report('appservice.ghost_prefix', 'user ids would be longer than Matrix allows', 'make it shorter');
  }
}

function checkPorts({ appservice, http }: IncompleteValues, report: Report): void {
  if (http?.port !== undefined && http.port === appservice?.listen?.port) {
    report(
      'http.port',
      'it is the same as appservice.listen.port',
      "choose another one: carriers must not reach the homeserver's side",
    );
  }
}

function checkDatabase({ database, archive }: IncompleteValues, report: Report): void {
  if (database?.path !== undefined && database.url !== undefined) {
    report('database', 'both path and url are given', 'keep path for SQLite, or url for PostgreSQL');
  }
  if (archive?.path !== undefined && archive.url !== undefined) {
    report('archive', 'both path and url are given', 'keep path for SQLite, or url for PostgreSQL');
  }
  const isShared = (kind: 'path' | 'url') => archive?.[kind] !== undefined && archive[kind] === database?.[kind];
  if (isShared('path') || isShared('url')) {
    report('archive', 'it is the database of the bridge', 'give it one of its own: that is what it is for');
  }
}

function checkStaff(values: IncompleteValues, report: Report): void {
  checkUsers('admins', values.admins, values, report);
  values.lines?.forEach((line, index) => checkUsers(`lines[${index}].team`, line?.team, values, report));
}

function checkUsers(
  key: string,
  users: NonNullable<IncompleteValues['admins']> | undefined,
  { homeserver, appservice }: IncompleteValues,
  report: Report,
): void {
  const { domain } = homeserver ?? {};
  const seen = new Set<string>();
  users?.forEach((user, index) => {
    if (user === undefined) return;
    const place = `${key}[${index}]`;
    const server = serverOf(user);
    if (domain !== undefined && server !== domain) {
      const near = nearestName(server, [domain]);
      const fix =
        near === undefined ? `use accounts of ${domain}: rooms are only for its users` : `did you mean ${near}?`;
      report(place, `the user is on ${server}, another server than homeserver.domain`, fix);
    } else if (isOurOwn(user, appservice)) {
      report(place, 'it is a user of Carebridge itself', 'name a person');
    }
    if (seen.has(user)) report(place, 'the user is named twice', 'remove one of them');
    seen.add(user);
  });
}

function isOurOwn(user: string, appservice: IncompleteValues['appservice']): boolean {
  const localpart = user.slice(1, user.indexOf(':'));
  const prefix = appservice?.ghost_prefix;
  if (localpart === appservice?.bot || localpart === SENDER_LOCALPART) return true;
  return prefix !== undefined && localpart.startsWith(prefix);
}

function checkLines({ lines, carriers }: IncompleteValues, report: Report): void {
  const ids = new Map<string, number>();
  const numbers = new Map<string, number>();
  lines?.forEach((line, index) => {
    const place = `lines[${index}]`;
    reportTwice(ids, line?.id, index, `${place}.id`, report);
    reportTwice(numbers, line?.number, index, `${place}.number`, report);
    if (carriers === undefined || carriers.size === 0) return;
    const names = [...carriers.keys()];
    const carrier = line?.carrier;
    if (carrier === undefined) {
      if (names.length > 1)
        report(
          `${place}.carrier`,
          'it is missing, and there is more than one carrier',
          `use one of ${names.join(', ')}`,
        );
    } else if (!carriers.has(carrier)) {
      const near = nearestName(carrier, names);
      const fix =
        near === undefined ? `use one of ${names.join(', ')}, or add it to carriers` : `did you mean ${near}?`;
      report(`${place}.carrier`, 'there is no such carrier', fix);
    }
  });
}

function reportTwice(
  seen: Map<string, number>,
  value: string | undefined,
  index: number,
  key: string,
  report: Report,
): void {
  if (value === undefined) return;
  const first = seen.get(value);
  if (first === undefined) seen.set(value, index);
  else report(key, `it is the same as that of lines[${first}]`, 'give each line its own');
}

function checkUnusedCarriers({ lines, carriers }: IncompleteValues, report: Report): void {
  if (
    carriers === undefined ||
    carriers.size < 2 ||
    lines === undefined ||
    lines.some((line) => line?.carrier === undefined)
  )
    return;
  for (const name of carriers.keys()) {
    if (lines.some((line) => line?.carrier === name)) continue;
    report(`carriers.${name}`, 'no line uses it', `give a line carrier: ${name}, or remove it`);
  }
}

function checkStatus({ carriers }: IncompleteValues, report: Report): void {
  for (const [name, carrier] of carriers ?? []) {
    if (carrier?.type !== 'kannel') continue;
    if (carrier.status_password !== undefined && carrier.status_url === undefined) {
      report(
        `carriers.${name}.status_password`,
        'it is of no use without status_url',
        'set status_url too, or remove it',
      );
    }
  }
}

function checkConsentTexts({ consent }: IncompleteValues, report: Report): void {
  for (const kind of Object.keys(NEEDS) as (keyof typeof NEEDS)[]) {
    const words = consent?.[kind];
    if (words === undefined) continue;
    for (const problem of findTextProblems(kind, words)) {
      report(
        `consent.${kind}`,
        problem,
        'compare it with config/config.sample.yaml, or remove it to use the words there',
      );
    }
  }
}

function checkWordingVersion({ consent }: IncompleteValues, report: Report): void {
  if (consent?.wording_version !== WORDING_VERSION) return;
  const { warning = WARNING, identity_question: question = IDENTITY_QUESTION } = consent;
  if (warning === WARNING && question === IDENTITY_QUESTION) return;
  const own = warning === WARNING ? 'the question for the date of birth' : 'the warning';
  const problem = `${own} has words of your own, but the version is that of ours`;
  report(
    'consent.wording_version',
    problem,
    'set it to a name for your words, such as "mercy-1": consent records refer to it',
  );
}

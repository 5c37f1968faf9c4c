/** An audit entry as an HL7 FHIR R4 AuditEvent (hl7.org/fhir/R4/auditevent.html), which follows DICOM part 15, A.5. */
import type { AuditItem } from './audit-item.ts';

interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

interface Reference {
  readonly identifier: { readonly system: string; readonly value: string };
  readonly display: string;
}

interface Entity {
  readonly what: Reference;
  readonly type?: Coding;
  readonly description?: string;
  readonly detail?: readonly { readonly type: string; readonly valueString: string }[];
}

/** The parts of the resource that we fill. */
export interface FhirAuditEvent {
  readonly resourceType: 'AuditEvent';
  readonly id: string;
  readonly type: Coding;
  readonly subtype?: readonly Coding[];
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly recorded: string;
  readonly outcome: '0' | '4' | '8';
  readonly outcomeDesc: string;
  readonly purposeOfEvent?: readonly { readonly coding: readonly Coding[] }[];
  readonly agent: readonly { readonly who: Reference; readonly requestor: boolean }[];
  readonly source: { readonly observer: Reference; readonly type: readonly Coding[] };
  readonly entity: readonly Entity[];
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const dcm = (code: string, display: string): Coding => ({ system: DCM, code, display });
const APPLICATION = dcm('110100', 'Application Activity');
const AUDIT_LOG_USED = dcm('110101', 'Audit Log Used');
const SECURITY_ALERT = dcm('110113', 'Security Alert');
const BREAK_GLASS = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  code: 'BTG',
  display: 'break the glass',
};
/** RFC 3986: what follows is a URI. Matrix ids are named by the URIs of the Matrix specification, appendix "Matrix URI scheme". */
const URI = 'urn:ietf:rfc:3986';

/** What kind of event each action is; the first that fits. */
const KINDS: readonly (readonly [RegExp, Coding, Coding?])[] = [
  [/^audit\./, AUDIT_LOG_USED],
  [/^break-glass\.(end|expir)/, SECURITY_ALERT, dcm('110138', 'Emergency Override Stopped')],
  [/^(break-glass|emergency)\b/, SECURITY_ALERT, dcm('110127', 'Emergency Override Started')],
  [/^role\b/, SECURITY_ALERT, dcm('110136', 'Security Roles Changed')],
  [/^(account|device|session|user)\b/, SECURITY_ALERT, dcm('110137', 'User Security Attributes Changed')],
  [/^(room|phi|class)\b/, SECURITY_ALERT, dcm('110135', 'Object Security Attributes Changed')],
  [/^command\.refused/, SECURITY_ALERT, dcm('110132', 'Use of Restricted Function')],
];

const ACTIONS: readonly (readonly [RegExp, FhirAuditEvent['action']])[] = [
  [/\.(give|create|add|grant|adopt|start|open)\b/, 'C'],
  [/\.(read|export|exported|report|review|verify|list|show|view)\b/, 'R'],
  [/\.(take|remove|release|end|expire|expiry|delete|erase|offboard)\b/, 'D'],
  [/\.(repair|change|set|update|replace|classify|lock|unlock|suspend)\b/, 'U'],
];

const OUTCOMES: Readonly<Record<string, FhirAuditEvent['outcome']>> = { done: '0', refused: '4', partial: '4' };

/** The entry as a resource. Nothing of it is left out: what R4 has no field for is in the details of the first entity. */
export function toFhirAuditEvent(item: AuditItem): FhirAuditEvent {
  const [, type = APPLICATION, subtype] = KINDS.find(([pattern]) => pattern.test(item.action)) ?? [];
  return {
    resourceType: 'AuditEvent',
    id: `carebridge-${item.seq}`,
    type,
    ...(subtype !== undefined && { subtype: [subtype] }),
    action: ACTIONS.find(([pattern]) => pattern.test(item.action))?.[1] ?? 'E',
    recorded: item.at,
    outcome: OUTCOMES[item.outcome] ?? '8',
    outcomeDesc: item.outcome,
    ...(/^(break-glass|emergency)\b/.test(item.action) && { purposeOfEvent: [{ coding: [BREAK_GLASS] }] }),
    agent: [{ who: reference(item.actor), requestor: item.actor !== 'carebridge' }],
    source: {
      observer: { identifier: { system: URI, value: 'urn:carebridge' }, display: 'Carebridge' },
      type: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
          code: '4',
          display: 'Application Server',
        },
      ],
    },
    entity: [
      {
        what: {
          identifier: { system: 'urn:carebridge:audit-entry', value: item.id },
          display: `Audit entry ${item.seq}`,
        },
        detail: details(item),
      },
      ...objects(item),
    ],
  };
}

function details(item: AuditItem) {
  const { seq, action, cause, reason, ticket, before, after, details: more, trace, prevHash, hash } = item;
  const words = {
    seq: String(seq),
    action,
    cause,
    reason,
    ticket,
    before,
    after,
    details: more,
    trace,
    prevHash,
    hash,
  };
  return Object.entries(words).flatMap(([type, value]) => {
    if (value === undefined || value === '') return [];
    return [{ type, valueString: typeof value === 'string' ? value : JSON.stringify(value) }];
  });
}

/** Whom or what it was done to, where, and upon which event. */
function objects({ target, roomId, sourceEvent }: AuditItem): Entity[] {
  const entities: Entity[] = [];
  if (target) entities.push({ what: reference(target), description: 'target' });
  if (roomId) entities.push({ what: reference(roomId), description: 'room' });
  if (sourceEvent)
    entities.push({
      what: { identifier: uri(eventUri(roomId, sourceEvent)), display: sourceEvent },
      description: 'source event',
    });
  return entities;
}

function reference(id: string): Reference {
  if (id.startsWith('@')) return { identifier: uri(`matrix:u/${encode(id)}`), display: id };
  if (id.startsWith('!')) return { identifier: uri(`matrix:roomid/${encode(id)}`), display: id };
  return { identifier: { system: 'urn:carebridge:id', value: id }, display: id };
}

function eventUri(roomId: string | undefined, eventId: string): string {
  return `${roomId === undefined ? 'matrix:e' : `matrix:roomid/${encode(roomId)}/e`}/${encode(eventId)}`;
}

function uri(value: string) {
  return { system: URI, value };
}

/** The id without its sigil. */
function encode(id: string): string {
  return encodeURIComponent(id.slice(1)).replaceAll('%3A', ':');
}

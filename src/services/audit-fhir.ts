/** An audit entry as an HL7 FHIR R4 AuditEvent (hl7.org/fhir/R4/auditevent.html), which follows DICOM part 15, A.5. */
import { APPLICATION_ROLE, kindOf, personOf, stepBefore, type Coding, type EventKind } from './audit-fhir-kinds.ts';
import type { AuditItem } from './audit-item.ts';

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

/** Who took part: whoever asked for it, the bridge, which did it, and whose session or device it is about, with the address where that was seen. */
interface Agent {
  readonly type?: { readonly coding: readonly Coding[] };
  readonly who: Reference;
  /** The Matrix id as it is written. */
  readonly altId?: string;
  readonly name?: string;
  readonly requestor: boolean;
  readonly network?: { readonly address: string; readonly type: string };
}

/** The parts of the resource that we fill. */
export interface FhirAuditEvent {
  readonly resourceType: 'AuditEvent';
  readonly id: string;
  readonly type: Coding;
  readonly subtype?: readonly Coding[];
  readonly action: EventKind['action'];
  readonly recorded: string;
  readonly outcome: '0' | '4' | '8';
  readonly outcomeDesc: string;
  readonly purposeOfEvent?: readonly { readonly coding: readonly Coding[] }[];
  readonly agent: readonly Agent[];
  readonly source: { readonly observer: Reference; readonly type: readonly Coding[] };
  readonly entity: readonly Entity[];
}

const BREAK_GLASS = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  code: 'BTG',
  display: 'break the glass',
};
/** RFC 3986: what follows is a URI. Matrix ids are named by the URIs of the Matrix specification, appendix "Matrix URI scheme". */
const URI = 'urn:ietf:rfc:3986';

const BRIDGE: Reference = { identifier: { system: URI, value: 'urn:carebridge:bridge' }, display: 'Carebridge' };
/** hl7.org/fhir/R4/codesystem-network-type.html */
const IP_ADDRESS = '2';

const OUTCOMES: Readonly<Record<string, FhirAuditEvent['outcome']>> = { done: '0', refused: '4', partial: '4' };

/** The entry as a resource. Nothing of it is left out: what R4 has no field for is in the details of the first entity. */
export function toFhirAuditEvent(item: AuditItem): FhirAuditEvent {
  const kind = kindOf(item.action, item.outcome, item.details);
  const { type, subtype, action } = kind;
  return {
    resourceType: 'AuditEvent',
    id: `carebridge-${item.seq}`,
    type,
    ...(subtype !== undefined && { subtype: [subtype] }),
    action,
    recorded: item.at,
    outcome: OUTCOMES[item.outcome] ?? '8',
    outcomeDesc: [item.outcome, stepBefore(item.details)].filter(Boolean).join(', '),
    ...(/^(break-glass\.|command\.break-glass$)/.test(item.action) && { purposeOfEvent: [{ coding: [BREAK_GLASS] }] }),
    agent: agents(item, kind),
    source: {
      observer: BRIDGE,
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

function agents({ action, actor, target, details: seen }: AuditItem, kind: EventKind): Agent[] {
  const bridge = {
    type: { coding: [APPLICATION_ROLE] },
    who: BRIDGE,
    altId: 'carebridge',
    name: 'Carebridge',
    requestor: false,
  };
  const person = (id: string, requestor: boolean) => ({ who: reference(id), altId: id, requestor });
  const ip = action.startsWith('sign-in.') ? (seen as { ip?: unknown } | undefined)?.ip : undefined;
  const network = typeof ip === 'string' ? { address: ip, type: IP_ADDRESS } : undefined;
  const owner = personOf(kind);
  const isOther = target !== undefined && target !== actor;
  return [
    ...(actor === 'carebridge' ? [] : [person(actor, true)]),
    bridge,
    ...(isOther && (owner ?? network)
      ? [{ ...person(target, owner?.isRequestor ?? false), ...(network && { network }) }]
      : []),
  ];
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
    const valueString = typeof value === 'string' ? value.replace(NO_STRING, '\ufffd') : JSON.stringify(value);
    return valueString === undefined || valueString.trim() === '' ? [] : [{ type, valueString }];
  });
}

/** What a string of R4 must not hold (hl7.org/fhir/R4/datatypes.html#string). */
// eslint-disable-next-line no-control-regex -- these are meant
const NO_STRING = /[\0-\x08\v\f\x0e-\x1f]/g;

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

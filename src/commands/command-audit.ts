import type { AuditAction } from '../model/audit-action.ts';
import type { AuditEntry } from '../model/audit-entry.ts';
import { parseRoomId, parseUserId, type EventId, type RoomId, type UserId } from '../model/ids.ts';
import type { JsonValue } from '../model/json.ts';
import type { Answer, Command, ReadArguments } from './command.ts';

/** Who asked for what, where and by which event. */
export interface Asked {
  readonly sender: UserId;
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly trace: string;
}

/** The id of an entry: derived from the event, so that a step that is repeated after a crash is not counted twice. One event may lead to two commands. */
export function auditId(action: string, eventId: EventId, step: string): string {
  return `${action}:${eventId}:${step}`;
}

/** `command.role.give` for the command `role give`. */
export function actionOf(command: Command): AuditAction {
  return `command.${command.name.replaceAll(' ', '.')}`;
}

/** What the audit log may keep of a line that was not understood or not allowed: nothing of its words. */
export function entryOf(
  asked: Asked,
  action: AuditAction,
): Pick<AuditEntry, 'action' | 'actor' | 'roomId' | 'sourceEvent' | 'trace'> {
  return { action, actor: asked.sender, roomId: asked.roomId, sourceEvent: asked.eventId, trace: asked.trace };
}

/** Target, reason and facts of the arguments; never words, numbers or names. */
function auditedArguments(command: Command, args: ReadArguments) {
  const all = Object.entries({ ...command.options, ...command.parameters });
  const facts: Record<string, JsonValue> = {};
  const targets: string[] = [];
  let reason: string | undefined;
  for (const [name, parameter] of all) {
    const value = args[name];
    if (value === undefined) continue;
    if ('isFlag' in parameter) facts[name] = value === true;
    else if (parameter.auditedAs === 'target') targets.push(value as string);
    else if (parameter.auditedAs === 'fact') facts[name] = value as JsonValue;
    else if (parameter.auditedAs === 'reason') reason = value as string;
  }
  const user = targets.find((target) => parseUserId(target));
  const room = parseRoomId(targets.find((target) => parseRoomId(target)));
  const target = user ?? room;
  return { ...(target && { target }), ...(reason && { reason }), facts, room };
}

/** The entry of a command whose line was read. */
export function commandEntry(
  asked: Asked,
  command: Command,
  about: {
    readonly step: 'begun' | 'asked' | 'ended' | 'shown' | 'refused';
    readonly args: ReadArguments;
    readonly ticket: string | undefined;
    readonly outcome?: AuditEntry['outcome'];
    readonly answer?: Answer;
    readonly details?: { readonly [key: string]: JsonValue | undefined };
  },
): AuditEntry {
  const { facts, room, ...target } = auditedArguments(command, about.args);
  const { audit } = about.answer ?? {};
  return {
    ...entryOf(asked, actionOf(command)),
    ...target,
    outcome: about.outcome ?? 'done',
    roomId: room ?? asked.roomId,
    ...(audit?.target !== undefined && { target: audit.target }),
    ...(about.ticket !== undefined && { ticket: about.ticket }),
    ...(audit?.before !== undefined && { before: audit.before }),
    ...(audit?.after !== undefined && { after: audit.after }),
    details: {
      step: about.step,
      ...(room !== undefined && room !== asked.roomId && { typedIn: asked.roomId }),
      ...(Object.keys(facts).length > 0 && { arguments: facts }),
      ...about.details,
      ...(audit?.details !== undefined && { found: audit.details }),
    },
  };
}

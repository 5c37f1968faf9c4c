import { UserError } from '../errors.ts';
import { timeOf } from '../policy/may-break-glass.ts';
import { linkTo, type BreakGlass } from '../services/break-glass.ts';
import { defineCommand, type Answer, type Command } from './command.ts';
import { durationInWords } from './duration.ts';
import { durationParameter, reasonParameter, roomParameter } from './parameters.ts';

/** `break-glass`: lets the caller into a room in an emergency. In any governed room, since the command room may be just what is out of order. */
export function breakGlassCommand({ breakGlass }: { readonly breakGlass: BreakGlass }): Command {
  return defineCommand({
    name: 'break-glass',
    permission: 'break-glass',
    where: 'any-governed',
    effect: 'changes',
    summary: 'enter a room in an emergency',
    details: [
      'You are invited at once, and removed when the time is over: an hour, or what break_glass in the configuration or --for says.',
      'The security room is told at once, with your reason. You can read what is written from now on, not what came before.',
    ].join('\n'),
    parameters: {
      room: roomParameter('which room'),
      reason: { ...reasonParameter('why, for whoever reviews it'), missing: NO_REASON },
    },
    options: { for: durationParameter('for how long') },
    preview: async ({ sender }, { room, reason, for: forMs }) => {
      const refusal = await breakGlass.check({ roomId: room, user: sender, reason, forMs });
      if (refusal) throw new UserError(`Refused: ${refusal.message}`);
      const span = durationInWords(forMs ?? breakGlass.limits.defaultMs);
      return { text: `${sender} would enter ${linkTo(room)} for ${span}.`, facts: { room, user: sender } };
    },
    run: async ({ sender, eventId, trace, ticket }, { room, reason, for: forMs }) => {
      const ask = { roomId: room, user: sender, reason, forMs, cause: eventId, trace, ticket };
      const result = await breakGlass.grant(ask);
      if ('refused' in result) throw new UserError(`Refused: ${result.refused.message}`);
      if ('failed' in result) return { text: `You could not be let in: ${result.failed}`, outcome: 'failed' };
      return granted(result);
    },
  });
}

const NO_REASON =
  'Refused: say why, e.g. `break-glass <room> patient collapsed, attending unreachable`. Nothing was done.';

function granted({
  granted: access,
  room,
  unavailable,
}: Extract<Awaited<ReturnType<BreakGlass['grant']>>, { granted: unknown }>): Answer {
  const until = timeOf(access.expiresAt);
  return {
    text: [
      `You are invited to ${linkTo(access.roomId)} until ${until}. Open the link, or Invites in Element, and press Accept.`,
      'The security room has been told, with your reason. When the time is over you are removed.',
      'You can read what is written from now on. Joining does not decrypt what was written before, and the bridge does not pass earlier keys on: ask somebody in the room.',
      unavailable.length === 0
        ? 'This works without the SMS carrier and without signing in again.'
        : `UNAVAILABLE now: ${unavailable.join('; ')}. The room works without it; stay signed in.`,
    ].join('\n'),
    data: { access: access.id, room: access.roomId, until, unavailable: [...unavailable] },
    audit: { target: access.userId, details: { access: access.id, room: room.opaqueId, until } },
  };
}

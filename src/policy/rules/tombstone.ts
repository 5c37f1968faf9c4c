import { contentOf, report, type Rule } from './rule.ts';
import { stateId } from '../../model/room-snapshot.ts';

/** Only the bot moves a governed room elsewhere. It cannot be undone for those who followed already: people are told. */
export const tombstone: Rule = ({ policy, snapshot }) => {
  const content = contentOf(snapshot, 'm.room.tombstone');
  if (content === undefined || Object.keys(content).length === 0) return [];
  if (snapshot.state.get(stateId('m.room.tombstone'))?.sender === policy.namespace.bot) return [];
  return [
    report(
      'tombstone',
      'somebody closed the room and points to another one. Nobody should follow before it is governed.',
    ),
  ];
};

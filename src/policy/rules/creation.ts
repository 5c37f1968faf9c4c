import type { RoomChange } from '../../model/room-change.ts';
import { hasPrivilegedCreators } from '../../model/room-power.ts';
import { isTestedVersion } from '../room-versions.ts';
import { contentOf, report, type Rule } from './rule.ts';

const RULE = 'creation';

/** What was fixed when the room was made and can never be changed: people are told, and can make a new room. */
export const creation: Rule = ({ room, rules, snapshot, policy }) => {
  const changes: RoomChange[] = [];
  const content = contentOf(snapshot, 'm.room.create');
  if (!isTestedVersion(snapshot.version)) {
    changes.push(
      report(RULE, `the room has version ${snapshot.version}. Carebridge is tested with 9 to 12: upgrade the room.`),
    );
  }
  if (rules.federation === 'own-server' && content?.['m.federate'] !== false) {
    const why =
      'other servers were not kept out when the room was made. The server ACL keeps them out; only a new room makes that certain.';
    changes.push(report(RULE, why));
  }
  if ((room.kind === 'unit') !== (content?.['type'] === 'm.space')) {
    changes.push(
      report(
        RULE,
        room.kind === 'unit' ? 'a unit’s room is not a space.' : 'the room is a space and not for messages.',
      ),
    );
  }
  if (hasPrivilegedCreators(snapshot.version)) {
    const above = [...snapshot.creators].filter((user) => user !== policy.namespace.bot);
    if (above.length > 0) {
      const why = `${above.slice(0, 3).join(', ')} created the room and will always outrank its policy. Create a new room for what must be governed.`;
      changes.push(report(RULE, why));
    }
  }
  return changes;
};

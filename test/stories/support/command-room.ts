import type { ReceivedEvent } from '../../../src/cli/demo/received-events.ts';
import { ANSWER_KEY } from '../../../src/model/rows.ts';

export { bodyOf, CommandRoom } from '../../../src/cli/demo/command-room.ts';

/** What an answer says for programs. */
export function dataOf<T>({ content }: ReceivedEvent): T {
  return (content[ANSWER_KEY] as { data: T }).data;
}

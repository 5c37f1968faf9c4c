import { expect } from 'chai';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { ADMIN, COMMAND_ROOM, LINES, NAMESPACE, newWorld, NURSE, TestBridge } from '../../support/fakes/test-bridge.ts';
import { lineTeamPolicy } from '../../support/line-team-policy.ts';
import { sampleLine } from './runner-fixture.ts';

const real = new TestBridge(await newWorld(memoryStorage())).commands;

/** Calls of stores and rooms that leave something behind. */
const READS =
  /^(find|get|list|count|all|current|latest|history|due|nextDueAt|depth|open|between|asOf|inEffect|ofKind|unitSpace|expired|is[A-Z]|joinedMembers|resolveAlias|decrypt|snapshot|inboxLane|afterCommit|run$)/;
/** What every command does: its event is done, its answer is said, its use is audited. */
const ALWAYS = new Set([
  'events.complete',
  'notices.add',
  'notices.complete',
  'audit.append',
  'sender.send',
  'events.addTransaction',
]);

describe('--dry-run', () => {
  for (const command of real.filter(({ effect }) => effect !== 'reads')) {
    it(`of ${command.name} changes nothing, and is audited`, async () => {
      const changes: string[] = [];
      const world = await newWorld(memoryStorage());
      const wrap = <T extends object>(name: string, target: T): T =>
        new Proxy(target, {
          get: (_target, property) => {
            const value: unknown = Reflect.get(target, property, target);
            if (typeof value === 'object' && value !== null && typeof property === 'string')
              return wrap(`${name}.${property}`, value);
            if (typeof value !== 'function') return value;
            return (...args: unknown[]) => {
              const call = `${name}.${String(property)}`;
              if (!READS.test(String(property)) && !ALWAYS.has(call)) changes.push(call);
              return (value as (...args: unknown[]) => unknown).apply(target, args);
            };
          },
        });
      const policy = { current: async () => lineTeamPolicy(NAMESPACE, [ADMIN, NURSE], LINES) };
      const bridge = new TestBridge(world, { wrap, policy });
      const { roomId } = await bridge.conversation('+12125550110', 'none');
      changes.length = 0;
      const where = command.where === 'conversation' ? roomId : COMMAND_ROOM;
      await bridge.writes(where, `!care ${sampleLine(command)} --dry-run`);
      await bridge.pump();
      expect(changes).to.deep.equal([]);
      expect(world.sender.said(where).at(-1)).to.match(/\S/);
    });
  }
});

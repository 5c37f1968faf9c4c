/** A bridge with destructive commands whose effects can be seen, and people who may or may not do them. */
import { defineCommand, type Command } from '../../../src/commands/command.ts';
import { reasonParameter, userParameter } from '../../../src/commands/parameters.ts';
import { UserError } from '../../../src/errors.ts';
import type { EventId, RoomId, UserId } from '../../../src/model/ids.ts';
import { memoryStorage, type MemoryStorage, type Stores } from '../../support/fakes/memory-storage.ts';
import {
  ADMIN,
  COMMAND_ROOM,
  LINES,
  NAMESPACE,
  newWorld,
  TestBridge,
  type BridgeOptions,
  type World,
} from '../../support/fakes/test-bridge.ts';
import { lineTeamPolicy, role } from '../../support/line-team-policy.ts';

export const LEE = '@lee:hospital.test' as UserId;
/** A second administrator of accounts, who may also approve. */
export const SECOND = '@second:hospital.test' as UserId;
/** May run the commands, not approve. */
export const DESK = '@desk:hospital.test' as UserId;

const PEOPLE = {
  [SECOND]: [role('second', ['use-commands', 'manage-accounts', 'approve'])],
  [DESK]: [role('desk', ['use-commands', 'manage-accounts'])],
};

/** What the commands did; outside of the process. */
export class Accounts {
  /** Whom each command's event locked. */
  readonly locked = new Map<EventId, UserId>();
  devices = 2;
  runs = 0;
  /** Called where a command runs. */
  onRun: (() => void) | undefined;

  ran(): void {
    this.runs += 1;
    this.onRun?.();
  }
}

/** `lock` and, with two people, `erase`; and two after which the bot asks whether to lock. */
function accountCommands(accounts: Accounts): readonly Command[] {
  return [...destroying(accounts), losing(accounts, 'lose', 'changes'), losing(accounts, 'lose all', 'destroys')];
}

function losing(accounts: Accounts, name: string, effect: 'changes' | 'destroys'): Command {
  return defineCommand({
    name,
    effect,
    summary: 'x',
    permission: 'manage-accounts',
    where: 'command-room',
    parameters: { user: userParameter('whose') },
    preview: async (_call, { user }) => ({ text: `${user} would be signed out.`, facts: { user } }),
    run: async (_call, { user }) => {
      accounts.ran();
      return { text: `${user} is signed out.`, next: { line: `lock ${user} lost`, ask: 'Lock as well?' } };
    },
  });
}

function destroying(accounts: Accounts): readonly Command[] {
  return (['lock', 'erase'] as const).map((name) =>
    defineCommand({
      name,
      summary: 'x',
      permission: 'manage-accounts',
      where: 'command-room',
      effect: 'destroys',
      needsSecondPerson: name === 'erase',
      parameters: { user: userParameter('who'), reason: reasonParameter('why') },
      preview: async (_call, { user }) => {
        if (user === ADMIN) throw new UserError('Refused: that is the last administrator.');
        const isLocked = [...accounts.locked.values()].includes(user);
        const text = isLocked ? `${user} is locked already.` : `${user} would be locked: ${accounts.devices} devices.`;
        return { text, facts: { user, devices: accounts.devices }, ...(isLocked && { isNothingToDo: true }) };
      },
      run: async (call, { user }) => {
        accounts.ran();
        accounts.locked.set(call.eventId, user);
        return { text: `${user} is locked.`, data: { user }, audit: { after: { locked: true } } };
      },
    }),
  );
}

/** Types and reacts. */
export class LockFixture {
  readonly storage: MemoryStorage = memoryStorage();
  readonly accounts = new Accounts();
  world!: World;
  bridge!: TestBridge;
  revoked = new Set<UserId>();

  /** Over stores of its own, or over those given. */
  static async create(stores?: Stores): Promise<LockFixture> {
    const fixture = new LockFixture();
    fixture.world = await newWorld(stores ?? fixture.storage);
    fixture.restart();
    return fixture;
  }

  /** A new process over the same world. */
  restart(options: BridgeOptions = {}): TestBridge {
    const policy = lineTeamPolicy(NAMESPACE, [ADMIN], LINES, PEOPLE);
    const current = async () => ({
      ...policy,
      assigned: new Map([...policy.assigned].filter(([user]) => !this.revoked.has(user))),
    });
    this.bridge = new TestBridge(this.world, {
      ...options,
      policy: { current },
      commands: accountCommands(this.accounts),
    });
    return this.bridge;
  }

  /** Types `text`, lets the bridge answer, and gives the command's event. */
  async type(text: string, sender: UserId = DESK, more: { content?: object; roomId?: RoomId } = {}): Promise<EventId> {
    const eventId = await this.bridge.writes(more.roomId ?? COMMAND_ROOM, text, { sender, ...more });
    await this.bridge.pump();
    return eventId;
  }

  /** The event of the newest question. */
  get prompt(): EventId {
    return this.said.findLast(({ text }) => text.includes('❌'))!.eventId;
  }

  /** The code in the newest question. */
  get code(): string {
    return /confirm ([a-z2-7]{8})/.exec(this.said.findLast(({ text }) => text.includes('❌'))!.text)![1]!;
  }

  async reacts(
    key: string,
    sender: UserId,
    more: { to?: EventId; eventId?: EventId; roomId?: RoomId } = {},
  ): Promise<void> {
    await this.bridge.event({
      type: 'm.reaction',
      room_id: more.roomId ?? COMMAND_ROOM,
      sender,
      ...(more.eventId && { event_id: more.eventId }),
      content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: more.to ?? this.prompt, key } },
    });
    await this.bridge.pump();
  }

  /** What the bot said in the command room, oldest first. */
  get said() {
    return this.world.sender.events
      .filter(({ roomId, as }) => roomId === COMMAND_ROOM && as === NAMESPACE.bot)
      .map(({ eventId, content }) => ({ eventId, text: String(content['body']), content }));
  }

  get lastWords(): string {
    return this.said.at(-1)?.text ?? '';
  }

  /** `<action> <outcome> <step>` of each entry. */
  get audited(): string[] {
    return this.storage.audited().map(({ action, outcome, details }) => {
      const { step, why, confirmation } = details as Record<string, string>;
      return [action, outcome, step, why ?? confirmation].filter(Boolean).join(' ');
    });
  }
}

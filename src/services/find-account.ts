import { UserError } from '../errors.ts';
import type { EventId, RoomId, UserId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { Accounts } from '../ports/accounts.ts';
import { nameOf } from './list-devices.ts';

/** What finding people needs. */
export interface FindAccountParts {
  readonly accounts: Accounts;
  readonly namespace: Namespace;
  /** Who wrote an event of a room that the bot is in; undefined where it cannot be seen. */
  readonly senderOf: (roomId: RoomId, eventId: EventId) => Promise<UserId | undefined>;
}

/** How somebody was named. `name` is a part of a display name. */
export type AccountReference =
  | { readonly by: 'id'; readonly userId: UserId }
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'reply'; readonly roomId: RoomId; readonly eventId: EventId };

const MAX_CANDIDATES = 10;

/** Finds whom a command is about. Never guesses: more than one is nobody (D5). */
export class FindAccount {
  readonly #parts: FindAccountParts;

  constructor(parts: FindAccountParts) {
    this.#parts = parts;
  }

  /** Throws UserError with the candidates where it is not exactly one. */
  async find(reference: AccountReference): Promise<UserId> {
    if (reference.by === 'id') return reference.userId;
    return reference.by === 'name' ? this.#byName(reference.name) : this.#byReply(reference);
  }

  async #byName(name: string): Promise<UserId> {
    const { accounts, namespace } = this.#parts;
    const found = await accounts.search(name, MAX_CANDIDATES + 1, (user) => !isOurs(namespace, user));
    const exact = found.filter(({ displayName }) => displayName?.toLowerCase() === name.toLowerCase());
    const [first, ...others] = found;
    if (first === undefined)
      throw new UserError('Nobody with that name was found. Nothing was done. Write the user id.');
    if (others.length === 0) return first.userId;
    const list = (exact.length > 1 ? exact : found).slice(0, MAX_CANDIDATES);
    const more = found.length > MAX_CANDIDATES ? ' and more' : '';
    throw new UserError(
      `Several people have that name. Nothing was done. Write the user id of the one you mean:\n${list
        .map(({ userId, displayName }) => `  ${nameOf(userId, displayName)}`)
        .join('\n')}${more}`,
    );
  }

  async #byReply({ roomId, eventId }: { readonly roomId: RoomId; readonly eventId: EventId }): Promise<UserId> {
    const user = await this.#parts.senderOf(roomId, eventId);
    if (user === undefined)
      throw new UserError('I cannot see who wrote that message. Nothing was done. Write the user id.');
    return user;
  }
}

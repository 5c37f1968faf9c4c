import { localpartOf, serverOf, type UserId } from '../model/ids.ts';
import { isOurs, SENDER_LOCALPART, type Namespace } from '../model/namespace.ts';

/** What is to be done to an account. Ending sessions is softer: it keeps nobody out. */
export type AccountAction = 'end-sessions' | 'lock' | 'suspend' | 'offboard' | 'unlock' | 'reactivate' | 'look';

/** Whether somebody was offboarded; `leaving` as long as that is under way. */
export type AccountStanding = 'here' | 'leaving' | 'gone';

/** Everything that the guard looks at. */
export interface AccountTarget {
  readonly action: AccountAction;
  readonly actor: UserId;
  readonly target: UserId;
  readonly namespace: Namespace;
  /** undefined where the homeserver does not say. */
  readonly isServerAdmin: boolean | undefined;
  /** Named in the configuration: accounts that nobody touches from a room, e.g. of a monitoring system. */
  readonly protectedUsers: ReadonlySet<UserId>;
  /** Who may manage accounts, and is not locked or away. */
  readonly managers: ReadonlySet<UserId>;
  readonly standing: AccountStanding;
  /** A second person has agreed. */
  readonly isApproved: boolean;
}

/** Why it must not be done, in words for the person who asked. */
export type TargetRefusal = { readonly code: TargetRefusalCode; readonly message: string };

export type TargetRefusalCode =
  'other-server' | 'ours' | 'leaving' | 'gone' | 'protected' | 'server-admin' | 'last-admin' | 'oneself';

/** Undoing harm needs no guard beyond the first ones. */
const HARMLESS: ReadonlySet<AccountAction> = new Set(['look', 'unlock', 'reactivate']);

/** What would meet an offboarding that is under way. */
const NOT_WHILE_LEAVING: ReadonlySet<AccountAction> = new Set(['offboard', 'unlock', 'reactivate']);

/** A single device is ended without asking back, so nobody could agree. */
const HOW_TO_AGREE: Readonly<Partial<Record<AccountAction, string>>> = {
  'end-sessions': ', for which `lost-device all` asks',
};

/** Whether an account may be acted on (A9). Returns undefined where it may. */
export function refuseTarget(asked: AccountTarget): TargetRefusal | undefined {
  const { action, actor, target, namespace, managers } = asked;
  if (serverOf(target) !== namespace.domain)
    return refusal('other-server', `${target} is an account of another server. Nothing can be done to it from here.`);
  if (isOurs(namespace, target) || localpartOf(target) === SENDER_LOCALPART)
    return refusal('ours', `${target} belongs to the bridge itself. Nothing was done.`);
  if (asked.standing === 'leaving' && NOT_WHILE_LEAVING.has(action))
    return refusal('leaving', `${target} is being offboarded. Wait for the report of that. Nothing was done.`);
  if (asked.standing === 'gone' && action === 'unlock')
    return refusal('gone', `${target} was offboarded: \`reactivate\` takes them back. Nothing was done.`);
  if (HARMLESS.has(action)) return undefined;
  if (asked.protectedUsers.has(target))
    return refusal(
      'protected',
      `${target} is protected by the configuration (accounts.protected, or the account that it lets the bridge act by). Nothing was done.`,
    );
  const isOwnSession = action === 'end-sessions' && target === actor;
  if (asked.isServerAdmin === true && !asked.isApproved && !isOwnSession)
    return refusal(
      'server-admin',
      `${target} administers the homeserver: a second person must agree${HOW_TO_AGREE[action] ?? ''}. Nothing was done.`,
    );
  if (action === 'end-sessions') return undefined;
  if (target === actor)
    return refusal(
      'oneself',
      'You cannot do this to your own account: you could not undo it. Ask another administrator.',
    );
  if (managers.has(target) && managers.size === 1)
    return refusal(
      'last-admin',
      `${target} is the last one who can manage accounts. Give somebody else that role first.`,
    );
  return undefined;
}

function refusal(code: TargetRefusalCode, message: string): TargetRefusal {
  return { code, message };
}

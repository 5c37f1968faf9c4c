/**
 * The commands that a role can be limited to: the closed list, in the order of `commands/index.ts`, whose test compares the two. Not here are
 * those that everybody with `use-commands` needs: confirm, cancel, help.
 */
export const COMMAND_NAMES = [
  'text',
  'consent',
  'identity',
  'who',
  'role give',
  'role take',
  'role list',
  'role import',
  'role sync',
  'access review',
  'room create',
  'room adopt',
  'room release',
  'room list',
  'room show',
  'unit create',
  'phi set',
  'phi show',
  'break-glass',
  'break-glass end',
  'break-glass list',
  'devices',
  'lost-device',
  'lost-device all',
  'lock',
  'unlock',
  'suspend',
  'offboard',
  'reactivate',
  'whois',
  'parked',
  'parked retry',
  'parked drop',
  'policy check',
  'policy show',
  'setup',
] as const;

/** One of the closed list. */
export type CommandName = (typeof COMMAND_NAMES)[number];

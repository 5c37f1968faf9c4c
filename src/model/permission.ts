/**
 * What a role can be permitted: the closed list, each with the words that the documentation and a refusal use ("you may not ..."). A command
 * names exactly one. Whoever holds none of them can do nothing.
 */
export const PERMISSIONS = {
  'use-commands': 'use commands at all',
  'text-patients': 'open patients’ rooms and text them',
  'record-consent': 'show, attest or revoke a patient’s consent',
  'view-roles': 'see who has which role',
  'manage-roles': 'give and take roles',
  'view-rooms': 'see what is governed and how',
  'manage-rooms': 'create, adopt and release governed rooms',
  'classify-rooms': 'change a room’s PHI class',
  'break-glass': 'enter a room in an emergency',
  'end-break-glass': 'end somebody’s emergency access',
  'check-policy': 'see what is not compliant',
  'set-up': 'set the bridge up with !care setup',
  'manage-accounts': 'end sessions, lock and unlock accounts, offboard',
  'manage-parked': 'see, try again and drop what was given up',
  'read-audit': 'read and export the audit log',
  approve: 'be the second person for what needs two',
  'security-room': 'be in the security room',
} as const;

/** One of the closed list. */
export type Permission = keyof typeof PERMISSIONS;

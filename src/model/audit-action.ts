/** What is written into the audit log beside commands: the closed list, so that whoever reads or exports the log has thought of each. */
export const AUDIT_ACTIONS = [
  ...(['account.lock', 'account.unlock', 'account.suspend', 'account.offboard', 'account.reactivate'] as const),
  ...(['account.end-device', 'account.end-all-sessions', 'account.idle-sign-out'] as const),
  ...(['sign-in.new-device', 'sign-in.new-network', 'sign-in.unverified', 'sign-in.unused'] as const),
  ...(['role.give', 'role.take'] as const),
  ...(['room.create', 'room.replace', 'room.repair-begun', 'room.repair', 'room.report', 'room.report-over'] as const),
  ...(['break-glass.grant', 'break-glass.end', 'break-glass.expiry'] as const),
  ...(['audit.export', 'audit.exported', 'audit.report', 'audit.review', 'audit.verify'] as const),
  ...(['audit.broken', 'audit.trust'] as const),
  'parked.expire',
  'policy.change',
  ...(['archive.export', 'archive.exported', 'archive.verify', 'archive.verified'] as const),
] as const;

/** One of the list. */
export type ListedAction = (typeof AUDIT_ACTIONS)[number];

/**
 * What was done. A command is named by its words, `command.role.give`, with every step and also where it was refused (`command.unknown` where there is none
 * of the name); what `carebridge admin` does by the name of its part, `admin.give-role`.
 */
export type AuditAction = ListedAction | `command.${string}` | `admin.${string}`;

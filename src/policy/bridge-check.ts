/** What of the bridge's own set-up bears on compliance. */
export interface BridgeFacts {
  /** How many people have joined the security room; undefined where there is none. */
  readonly securityRoomMembers: number | undefined;
  readonly admins: number;
  /** `encryption.trust` of the configuration. */
  readonly trust: 'cross-signed' | 'cross-signed-or-legacy' | 'any';
}

/** One line of the report about the bridge itself: always verified, since it knows. */
export interface BridgeFinding {
  readonly id: 'security-room' | 'administrators' | 'trust';
  readonly what: string;
  readonly status: 'ok' | 'missing';
  readonly fix: string | undefined;
}

/** Judges the bridge's own set-up. `prefix` is that of commands, `domain` the homeserver's name. */
export function checkBridge(facts: BridgeFacts, prefix: string, domain: string): readonly BridgeFinding[] {
  const isWatched = (facts.securityRoomMembers ?? 0) > 0;
  return [
    finding(
      'security-room',
      'There is a security room, and somebody in it',
      isWatched,
      facts.securityRoomMembers === undefined
        ? `Run ${prefix} setup, which makes it.`
        : 'Have somebody accept the invitation to the security room.',
    ),
    finding(
      'administrators',
      'There are two administrators or more, so that one can act for the other',
      facts.admins > 1,
      ['# config.yaml', 'admins:', `  - "@admin:${domain}"`, `  - "@second:${domain}"`].join('\n'),
    ),
    finding(
      'trust',
      'Only devices that their owners verified are trusted',
      facts.trust === 'cross-signed',
      ['# config.yaml', 'encryption:', '  trust: cross-signed'].join('\n'),
    ),
  ];
}

function finding(id: BridgeFinding['id'], what: string, isOk: boolean, fix: string): BridgeFinding {
  return { id, what, status: isOk ? 'ok' : 'missing', fix: isOk ? undefined : fix };
}

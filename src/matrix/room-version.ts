import { PermanentError } from '../errors.ts';

/** Room versions that the bridge is tested with, best first. */
const SUPPORTED_ROOM_VERSIONS = ['12', '11', '10', '9'] as const;

/** A room version that the bridge is tested with. */
export type RoomVersion = (typeof SUPPORTED_ROOM_VERSIONS)[number];

/**
 * The version for new rooms: the configured one, else the homeserver's default, else the best that both know. `capabilities` is the answer of
 * `GET /_matrix/client/v3/capabilities`. Throws PermanentError where there is none.
 */
export function chooseRoomVersion(
  configured: string | undefined,
  capabilities: Readonly<Record<string, unknown>>,
): RoomVersion {
  const { default: preferred, available } = roomVersionsOf(capabilities);
  const usable = SUPPORTED_ROOM_VERSIONS.filter((version) => available.has(version));
  const wanted = configured ?? preferred;
  const chosen = usable.find((version) => version === wanted) ?? (configured === undefined ? usable[0] : undefined);
  if (chosen !== undefined) return chosen;
  throw new PermanentError(
    `Room version ${configured ?? 'of the homeserver'} cannot be used. Both know: ${usable.join(', ') || 'none'}. Set rooms.version to one of them.`,
  );
}

function roomVersionsOf(capabilities: Readonly<Record<string, unknown>>): {
  default: unknown;
  available: ReadonlySet<string>;
} {
  const inner = capabilities['capabilities'] as
    { 'm.room_versions'?: { default?: unknown; available?: object } } | undefined;
  const versions = inner?.['m.room_versions'];
  return { default: versions?.default, available: new Set(Object.keys(versions?.available ?? {})) };
}

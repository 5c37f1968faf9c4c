/** Makes governed rooms with a bridge's own services and its token, while the bridge does not run. */
import { loadConfig } from '../src/config/load-config.ts';
import { PermanentError } from '../src/errors.ts';
import { silentLogger as log } from '../src/log.ts';
import type { HomeserverRequest } from '../src/matrix/homeserver.ts';
import { readRegistration } from '../src/matrix/registration.ts';
import { MatrixRoomControl } from '../src/matrix/room-control.ts';
import type { RoomId, UserId } from '../src/model/ids.ts';
import type { Namespace } from '../src/model/namespace.ts';
import { CarePolicyView } from '../src/services/care-policy-view.ts';
import { Lines } from '../src/services/lines.ts';
import { MakeGovernedRoom } from '../src/services/make-governed-room.ts';
import { openStorage } from '../src/storage/open-storage.ts';
import { Client } from './client.ts';
import { inFlight } from './in-flight.ts';

/** How many rooms are made at the same time. */
const MAKING = 4;

/** Made rooms, and the bot's token to change them by hand. */
export interface GovernedRooms {
  readonly rooms: readonly RoomId[];
  readonly bot: UserId;
  readonly asToken: string;
  readonly tookMs: number;
}

/** Makes `count` rooms of care teams on `homeserverUrl`. `progress` is told how many there are. */
export async function makeGovernedRooms(
  configPath: string,
  homeserverUrl: string,
  count: number,
  progress: (made: number) => void,
): Promise<GovernedRooms> {
  const config = loadConfig(configPath, process.env);
  const namespace: Namespace = {
    bot: `@${config.appservice.bot}:${config.homeserver.domain}` as UserId,
    ghostPrefix: config.appservice.ghostPrefix,
    domain: config.homeserver.domain,
  };
  const { asToken } = readRegistration(config.appservice.registration, {
    domain: config.homeserver.domain,
    url: config.appservice.url,
    bot: config.appservice.bot,
    ghostPrefix: config.appservice.ghostPrefix,
  });
  await using storage = await openStorage(config);
  const client = new Client();
  const { governedRooms } = storage;
  const policy = new CarePolicyView({
    ...storage,
    namespace,
    governedRooms,
    log,
    admins: config.admins,
    roleStore: storage.roles,
    lines: new Lines(config.lines),
    roles: config.roles,
    units: config.units,
    classes: config.phiClasses,
  });
  const control = new MatrixRoomControl({
    homeserver: {
      call: async (as: UserId, _attempt: string, { method, path, body }: HomeserverRequest) =>
        (await client.json(
          method,
          `${homeserverUrl}${path}?user_id=${encodeURIComponent(as)}`,
          asToken,
          body,
        )) as Record<string, unknown>,
    },
    http: { bytes: () => Promise.reject(new PermanentError('nothing is looked at here')) },
    namespace,
    roomVersion: config.rooms.version,
    isGoverned: () => false,
    log,
  });
  const make = new MakeGovernedRoom({ ...storage, policy, control });
  const rooms: RoomId[] = [];
  try {
    const keys = Array.from({ length: count }, (_, index) => `bench${index}`);
    const tookMs = await inFlight(MAKING, keys, async (key, index) => {
      const room = { kind: 'care-team', phiClass: 'phi', unit: undefined, conversation: undefined } as const;
      rooms.push(await make.make({ ...room, key, name: `Team ${index}` }));
      progress(rooms.length);
    });
    return { rooms, bot: namespace.bot, asToken, tookMs };
  } finally {
    client.close();
  }
}

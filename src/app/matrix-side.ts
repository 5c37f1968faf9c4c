import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import { Appservice } from '../matrix/appservice.ts';
import type { Crypto } from '../matrix/crypto/crypto.ts';
import { openCrypto } from '../matrix/crypto/open-crypto.ts';
import { isInteresting } from '../matrix/interest.ts';
import { MatrixHttp } from '../matrix/matrix-http.ts';
import { RoomMembers } from '../matrix/membership.ts';
import { PingLoop } from '../matrix/ping.ts';
import { readRegistration } from '../matrix/registration.ts';
import { MatrixRoomControl } from '../matrix/room-control.ts';
import { MatrixRoomSender } from '../matrix/room-sender.ts';
import { MatrixRooms } from '../matrix/rooms.ts';
import { TransactionIntake } from '../matrix/transaction-intake.ts';
import type { RoomId } from '../model/ids.ts';
import { isOurs, type Namespace } from '../model/namespace.ts';
import type { Storage } from '../storage/open-storage.ts';

/** What the homeserver tells us, and what we do there. */
export interface MatrixSide {
  readonly appservice: Appservice;
  readonly ping: PingLoop;
  readonly rooms: MatrixRooms;
  readonly control: MatrixRoomControl;
  readonly crypto: Crypto;
  readonly sender: MatrixRoomSender;
  readonly asToken: string;
}

export interface MatrixSideOptions {
  readonly config: Config;
  readonly namespace: Namespace;
  readonly storage: Storage;
  readonly version: string;
  readonly log: Logger;
  /** Everything that must be closed, in the order it was opened. */
  readonly closing: AsyncDisposableStack;
  /** Whether the state of a room is kept. */
  readonly isGoverned: (roomId: RoomId) => boolean;
  /** Told which governed rooms a committed transaction changed. Must not throw. */
  readonly onChanged: (rooms: ReadonlySet<RoomId>) => void;
  /** When it aborts, nobody waits for the homeserver any more. */
  readonly giveUp: AbortSignal;
  /** Told that events wait to be worked on. */
  readonly onCommitted: () => void;
}

/** Opens the Matrix side; nothing listens and nothing is asked of the homeserver yet. Throws ConfigError where it cannot work as it is set up. */
export async function openMatrixSide(options: MatrixSideOptions): Promise<MatrixSide> {
  const { config, namespace, storage, log, closing, giveUp } = options;
  const registration = readRegistration(config.appservice.registration, {
    domain: config.homeserver.domain,
    url: config.appservice.url,
    bot: config.appservice.bot,
    ghostPrefix: config.appservice.ghostPrefix,
  });
  const ping = new PingLoop(
    {
      homeserverUrl: config.homeserver.url,
      appserviceId: registration.id,
      asToken: registration.asToken,
      appserviceUrl: config.appservice.url,
      hasSeenPing: (id) => intake.hasSeenPing(id),
    },
    log,
  );
  const intake = new TransactionIntake({
    hsToken: registration.hsToken,
    store: storage.matrixEvents,
    isInteresting: (event) => isInteresting(namespace, event),
    observe: (events) => {
      members.observe(events);
      options.onChanged(control.observe(events));
    },
    onCommitted: () => {
      options.onCommitted();
      crypto.wake();
    },
    onFault: () => ping.start(),
    log,
  });
  const appservice = await Appservice.create({
    homeserverUrl: config.homeserver.url,
    domain: config.homeserver.domain,
    listen: config.appservice.listen,
    registration,
    onRequest: intake.handle,
    version: options.version,
    giveUp,
    log,
  });
  // The library has a timer from here on: without this, a start that fails below would never end. Closing twice does no harm.
  closing.defer(() => appservice.close());
  const { homeserver } = appservice;
  const members = new RoomMembers({ homeserver, namespace, cache: appservice.membershipCache });
  const http = new MatrixHttp({ url: config.homeserver.url, asToken: registration.asToken, giveUp });
  const { version: roomVersion } = config.rooms;
  const rooms = new MatrixRooms({ homeserver, members, namespace, log });
  const { isGoverned } = options;
  const control = new MatrixRoomControl({ homeserver, http, namespace, roomVersion, isGoverned, log });
  const crypto = closing.use(
    await openCrypto({
      config: config.encryption,
      http,
      settings: storage.settings,
      bot: namespace.bot,
      isOurs: (user) => isOurs(namespace, user),
      joinedMembers: (roomId) => members.joined(roomId),
      log,
    }),
  );
  members.onChange((change) => crypto.membershipChanged(change));
  const sender = new MatrixRoomSender({ encrypter: crypto, files: crypto.files, homeserver });
  return { appservice, ping, rooms, control, crypto, sender, asToken: registration.asToken };
}

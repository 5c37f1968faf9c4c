/** A member of staff with a real client: matrix-js-sdk, cross-signed, refusing whatever Element would warn of. */
import type { AuthDict, MatrixClient } from 'matrix-js-sdk';
import { decryptAttachment, encryptAttachment, type AttachmentKey } from './attachment.ts';
import { dropRequestTimers, dropVerificationTimers, loadMatrixSdk, silentLogger } from './matrix-sdk.ts';
import { ReceivedEvents, type ReceivedEvent, type Shield } from './received-events.ts';
import type { Account, Synapse } from './synapse.ts';
import { waitFor, waitForEvent, type WaitOptions } from './wait-for.ts';

type Homeserver = Pick<Synapse, 'url' | 'registerUser'>;
type Content = Readonly<Record<string, unknown>>;
/** The SDK's declarations refer here to a file that it does not ship. */
interface HandsOverSecrets {
  exportSecretsBundle(): Promise<unknown>;
  importSecretsBundle(secrets: unknown): Promise<void>;
}

/** A session that was made elsewhere: where Matrix Authentication Service owns the accounts, clients do not log in with a password. */
export interface Session {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
}

/** Text that must be equal to the message's body, or a test of the event. */
export type Wanted = string | ((event: ReceivedEvent) => boolean);

/** Registers a member of staff and logs in: the account's first device, cross-signed. */
export async function createNurse(
  homeserver: Homeserver,
  name: string,
  options: { admin?: boolean; password?: string } = {},
): Promise<Nurse> {
  return await Nurse.login(homeserver.url, await homeserver.registerUser(name, options));
}

/** One logged-in device of a member of staff. */
export class Nurse {
  readonly userId: string;
  readonly deviceId: string;
  /** For what has no helper here. */
  readonly client: MatrixClient;
  readonly events: ReceivedEvents;
  readonly #url: string;
  /** undefined where the session was given. */
  readonly #account: Account | undefined;

  private constructor(url: string, account: Account | undefined, client: MatrixClient) {
    this.#url = url;
    this.#account = account;
    this.userId = client.getUserId() ?? '';
    this.deviceId = client.getDeviceId() ?? '';
    this.client = client;
    this.events = new ReceivedEvents(client);
  }

  /** Logs in as the account's first device, which makes the account's cross-signing identity. */
  static async login(url: string, account: Account): Promise<Nurse> {
    const nurse = await Nurse.#connect(url, await Nurse.#session(url, account), account);
    return await nurse.#startFirst({
      ...{ type: 'm.login.password', identifier: { type: 'm.id.user', user: account.userId } },
      password: account.password,
    });
  }

  /** The account's first device, by a session that was made elsewhere. */
  static async withSession(url: string, session: Session): Promise<Nurse> {
    return await (await Nurse.#connect(url, session, undefined)).#startFirst(null);
  }

  static async #session(url: string, { userId, password }: Account, wantedDevice?: string): Promise<Session> {
    const sdk = await loadMatrixSdk();
    const answer = await sdk.createClient({ baseUrl: url, logger: silentLogger }).loginRequest({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: userId },
      password,
      initial_device_display_name: 'Carebridge demo client',
      ...(wantedDevice !== undefined && { device_id: wantedDevice }),
    });
    return { userId, deviceId: answer.device_id, accessToken: answer.access_token };
  }

  static async #connect(url: string, session: Session, account: Account | undefined): Promise<Nurse> {
    const sdk = await loadMatrixSdk();
    const client = sdk.createClient({ baseUrl: url, ...session, logger: silentLogger });
    dropRequestTimers(client);
    await client.initRustCrypto({ useIndexedDB: false });
    dropVerificationTimers(client);
    return new Nurse(url, account, client);
  }

  /** `auth` is what the homeserver asks for before it takes the identity; null where it asks for nothing. */
  async #startFirst(auth: AuthDict | null): Promise<this> {
    await this.crypto.bootstrapCrossSigning({
      authUploadDeviceSigningKeys: async (upload) => {
        await upload(auth);
      },
    });
    await this.#refuseUnsigned();
    await this.#start();
    return this;
  }

  /** From here on whatever Element would warn of is a failure. */
  async #refuseUnsigned(): Promise<void> {
    const { OnlySignedDevicesIsolationMode } = await import('matrix-js-sdk/lib/crypto-api/index.js');
    this.crypto.setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
  }

  async #start(): Promise<void> {
    await this.client.startClient({ initialSyncLimit: 1000 });
    await this.#waitFor(['sync'], 'the first sync', () => this.client.isInitialSyncComplete());
  }

  /** The client's encryption. */
  get crypto(): NonNullable<ReturnType<MatrixClient['getCrypto']>> {
    const crypto = this.client.getCrypto();
    if (crypto === undefined) throw new Error('The client has no encryption.');
    return crypto;
  }

  /**
   * Logs in once more. The new device is signed by the account's own identity, as after verifying it in Element, unless `verified`
   * is false: then it is the device of someone who only knows the password, and it sends all the same. `session` where it was made elsewhere.
   */
  async secondDevice(
    options: {
      readonly verified?: boolean;
      readonly deviceId?: string;
      readonly session?: Session;
    } = {},
  ): Promise<Nurse> {
    const { verified = true, deviceId, session } = options;
    const made = session ?? (await Nurse.#session(this.#url, this.#knownAccount(), deviceId));
    const second = await Nurse.#connect(this.#url, made, this.#account);
    if (verified) {
      await second.crypto.getUserDeviceInfo([this.userId], true);
      await (second.crypto as unknown as HandsOverSecrets).importSecretsBundle(
        await (this.crypto as unknown as HandsOverSecrets).exportSecretsBundle(),
      );
      await second.crypto.crossSignDevice(second.deviceId);
      await second.#refuseUnsigned();
    }
    await second.#start();
    return second;
  }

  #knownAccount(): Account {
    if (this.#account === undefined) throw new Error('This client does not know a password.');
    return this.#account;
  }

  /** Waits for an invitation (to a room that `accepts` takes) and answers the room's id. */
  async waitForInvite(accepts: (roomId: string) => boolean = () => true, options: WaitOptions = {}): Promise<string> {
    const find = (): string | undefined =>
      this.client.getRooms().find((room) => room.getMyMembership() === 'invite' && accepts(room.roomId))?.roomId;
    return await this.#waitFor(['Room.myMembership', 'Room'], 'an invitation', find, options);
  }

  /** Joins and waits until the client knows the room, its members and its encryption. */
  async join(roomId: string): Promise<string> {
    const { roomId: joined } = await this.client.joinRoom(roomId);
    await this.#waitFor(['Room.myMembership', 'RoomState.events', 'sync'], 'the room just joined', () => {
      const room = this.client.getRoom(joined);
      return room?.getMyMembership() === 'join' && room.currentState.getStateEvents('m.room.create', '') !== null;
    });
    return joined;
  }

  async leave(roomId: string): Promise<void> {
    await this.client.leave(roomId);
  }

  /** Waits until `userId` has joined the room, as this client sees it. */
  async waitForMember(roomId: string, userId: string, options: WaitOptions = {}): Promise<void> {
    const joined = (): boolean => this.client.getRoom(roomId)?.getMember(userId)?.membership === 'join';
    await this.#waitFor(['RoomState.members', 'sync'], `${userId} to join`, joined, options);
  }

  /** Sends a text; answers the event's id once the homeserver has it. */
  async send(roomId: string, text: string): Promise<string> {
    return await this.sendContent(roomId, 'm.room.message', { msgtype: 'm.text', body: text });
  }

  async reply(roomId: string, to: string, text: string): Promise<string> {
    const content = { msgtype: 'm.text', body: text, 'm.relates_to': { 'm.in_reply_to': { event_id: to } } };
    return await this.sendContent(roomId, 'm.room.message', content);
  }

  async edit(roomId: string, eventId: string, text: string): Promise<string> {
    return await this.sendContent(roomId, 'm.room.message', {
      msgtype: 'm.text',
      body: `* ${text}`,
      'm.new_content': { msgtype: 'm.text', body: text },
      'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
    });
  }

  async react(roomId: string, eventId: string, key: string): Promise<string> {
    const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: eventId, key } };
    return await this.sendContent(roomId, 'm.reaction', content);
  }

  async redact(roomId: string, eventId: string): Promise<string> {
    return (await this.client.redactEvent(roomId, eventId)).event_id;
  }

  /** Encrypts, uploads and sends a picture. */
  async sendImage(
    roomId: string,
    image: Uint8Array,
    options: { contentType?: string; name?: string } = {},
  ): Promise<string> {
    const { contentType = 'image/png', name = 'picture.png' } = options;
    const { bytes, file } = encryptAttachment(image);
    const { content_uri: url } = await this.client.uploadContent(new Blob([bytes]), {
      type: 'application/octet-stream',
    });
    return await this.sendContent(roomId, 'm.room.message', {
      msgtype: 'm.image',
      body: name,
      info: { mimetype: contentType, size: image.length },
      file: { ...file, url },
    });
  }

  /** Downloads and decrypts the file of a message. */
  async download(event: ReceivedEvent): Promise<Uint8Array> {
    const file = event.content['file'] as AttachmentKey & { url: string };
    const url = this.client.mxcUrlToHttp(file.url, undefined, undefined, undefined, undefined, true, true) ?? '';
    const answer = await fetch(url, { headers: { authorization: `Bearer ${this.client.getAccessToken()}` } });
    if (!answer.ok) throw new Error(`The homeserver did not hand the file over: ${answer.status}`);
    return decryptAttachment(new Uint8Array(await answer.arrayBuffer()), file);
  }

  /** Sends any event, encrypted where the room is. */
  async sendContent(roomId: string, type: string, content: Content): Promise<string> {
    // The SDK's types know only the standard's event types.
    const answer = await this.client.sendEvent(roomId, type as never, content as never);
    return answer.event_id;
  }

  /** Writes a state event, which nobody encrypts. */
  async sendState(roomId: string, type: string, content: Content): Promise<string> {
    return (await this.client.sendStateEvent(roomId, type as never, content as never)).event_id;
  }

  /** The first readable message of the room (after `after`, where given) that is wanted, whether it has come already or comes now. */
  async waitForMessage(
    roomId: string,
    wanted: Wanted,
    options: WaitOptions & { after?: string } = {},
  ): Promise<ReceivedEvent> {
    const accepts = typeof wanted === 'string' ? (event: ReceivedEvent) => event.content['body'] === wanted : wanted;
    const find = (): ReceivedEvent | undefined => {
      const messages = this.events.messages(roomId);
      const start =
        options.after === undefined ? 0 : messages.findIndex((event) => event.eventId === options.after) + 1;
      if (options.after !== undefined && start === 0) return undefined;
      return messages.slice(start).find((event) => isReadable(event) && accepts(event));
    };
    const what =
      typeof wanted === 'string' ? `the message ${JSON.stringify(wanted)}` : `a message with ${wanted.toString()}`;
    return await waitForEvent(`${what} at ${this.userId}`, this.events, ['change'], find, {
      instead: () => this.describe(roomId),
      ...options,
    });
  }

  /** Waits until `userId` has read up to the event: what a ghost's "delivered" looks like to the team. */
  async waitForReceipt(roomId: string, userId: string, eventId: string, options: WaitOptions = {}): Promise<void> {
    // Not the SDK's `hasUserReadEvent`: it takes everything for read up to what that user wrote last.
    const read = (): boolean => {
      const room = this.client.getRoom(roomId);
      const order =
        room
          ?.getLiveTimeline()
          .getEvents()
          .map((event) => event.getId()) ?? [];
      const readUpTo = room?.getReadReceiptForUserId(userId, true)?.eventId;
      return order.includes(eventId) && order.indexOf(readUpTo) >= order.indexOf(eventId);
    };
    await this.#waitFor(['Room.receipt', 'Room.timeline', 'sync'], `${userId} to have read ${eventId}`, read, options);
  }

  /** Waits until this client knows the device and sees it signed by its owner: from then on it shares keys with it. */
  async waitForDevice(userId: string, deviceId: string, options: WaitOptions = {}): Promise<void> {
    const signed = async (): Promise<boolean> =>
      (await this.crypto.getDeviceVerificationStatus(userId, deviceId))?.signedByOwner ?? false;
    await waitFor(`${userId}'s device to be known to ${this.userId}`, signed, options);
  }

  /** What Element would show beside the event. */
  shieldOf(eventId: string): Shield | undefined {
    return this.events.all().find((event) => event.eventId === eventId)?.shield;
  }

  /** Ends another session of this account, as Element's list of sessions does. */
  async removeDevice(deviceId: string): Promise<void> {
    const { userId, password } = this.#knownAccount();
    const remove = (auth: object): Promise<Response> =>
      fetch(`${this.#url}/_matrix/client/v3/devices/${encodeURIComponent(deviceId)}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${this.client.getAccessToken()}` },
        body: JSON.stringify({ auth }),
      });
    const session = ((await (await remove({ type: 'm.login.password' })).json()) as { session?: string }).session;
    const answer = await remove({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: userId },
      password,
      ...(session === undefined ? {} : { session }),
    });
    if (!answer.ok)
      throw new Error(`The homeserver did not remove the device: ${answer.status} ${await answer.text()}`);
  }

  /** Logs this device out and stops. */
  async logout(): Promise<void> {
    await this.client.logout(true);
    this.stop();
  }

  /** Stops the client; the device stays logged in. */
  stop(): void {
    this.client.stopClient();
  }

  /** The room as this client sees it, for the messages of failed tests. */
  describe(roomId: string): string {
    const lines = this.events
      .messages(roomId)
      .map(
        ({ sender, type, shield, content }) =>
          `  ${sender} ${type} [${shield}] ${typeof content['body'] === 'string' ? content['body'] : ''}`,
      );
    return `${lines.length} events in ${roomId}\n${lines.slice(-15).join('\n')}`;
  }

  async #waitFor<T>(
    events: readonly string[],
    what: string,
    condition: () => T,
    options: WaitOptions = {},
  ): Promise<NonNullable<T>> {
    const emitter = this.client as unknown as Parameters<typeof waitForEvent>[1];
    return await waitForEvent(`${what} at ${this.userId}`, emitter, events, condition, options);
  }
}

function isReadable(event: ReceivedEvent): boolean {
  return event.shield !== 'pending' && event.shield !== 'undecryptable' && event.shield !== 'before-login';
}

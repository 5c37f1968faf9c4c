/** What a homeserver keeps of keys and to-device messages, in memory: for machines that talk without HTTP, and behind the fake homeserver. */
import type { OlmRequest } from '../../src/matrix/crypto/olm-engine.ts';

type Keys = Record<string, Record<string, unknown>>;
interface Signed {
  signatures?: Keys;
}
interface Device {
  keys?: Signed;
  oneTime: Map<string, unknown>;
  inbox: { type: string; sender: string; content: unknown }[];
}
type Identity = Record<
  'master_key' | 'self_signing_key' | 'user_signing_key',
  Signed & { keys: Record<string, string> }
>;

export class KeyDirectory {
  readonly users = new Map<string, Map<string, Device>>();
  readonly identities = new Map<string, Identity>();

  /** Takes a request of a machine and answers as the homeserver would. */
  answer(user: string, deviceId: string, request: Pick<OlmRequest, 'kind' | 'body' | 'eventType'>): string {
    return JSON.stringify(
      this.#answer(user, deviceId, request.kind, JSON.parse(request.body) as never, request.eventType ?? ''),
    );
  }

  device(user: string, deviceId: string): Device {
    const devices = this.users.get(user) ?? new Map<string, Device>();
    this.users.set(user, devices);
    const device = devices.get(deviceId) ?? { oneTime: new Map(), inbox: [] };
    devices.set(deviceId, device);
    return device;
  }

  /** To-device messages that wait for the device; taken once. */
  takeInbox(user: string, deviceId: string): unknown[] {
    return this.device(user, deviceId).inbox.splice(0);
  }

  counts(user: string, deviceId: string): Map<string, number> {
    return new Map([['signed_curve25519', this.device(user, deviceId).oneTime.size]]);
  }

  #answer(user: string, deviceId: string, kind: OlmRequest['kind'], body: never, eventType: string): object {
    switch (kind) {
      case 'keys-upload':
        return this.#upload(this.device(user, deviceId), body);
      case 'keys-query':
        return this.#query(user, body);
      case 'keys-claim':
        return this.#claim(body);
      case 'signing-keys-upload':
        this.identities.set(user, body);
        return {};
      case 'signatures-upload':
        return this.#sign(body);
      case 'to-device':
        return this.#deliver(user, eventType, body);
      case 'other':
        throw new Error('Not expected.');
    }
  }

  #upload(device: Device, body: { device_keys?: Signed; one_time_keys?: Record<string, unknown> }): object {
    if (body.device_keys) device.keys = body.device_keys;
    for (const [id, key] of Object.entries(body.one_time_keys ?? {})) {
      const known = device.oneTime.get(id);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(key))
        throw new Error(`One time key ${id} already exists.`);
      device.oneTime.set(id, key);
    }
    return { one_time_key_counts: { signed_curve25519: device.oneTime.size } };
  }

  #query(asker: string, { device_keys: asked }: { device_keys: Record<string, unknown> }): object {
    const answer: Record<string, Keys> = {
      device_keys: {},
      master_keys: {},
      self_signing_keys: {},
      user_signing_keys: {},
      failures: {},
    };
    for (const user of Object.keys(asked)) {
      const devices = [...(this.users.get(user) ?? [])].filter(([, { keys }]) => keys !== undefined);
      answer['device_keys']![user] = Object.fromEntries(devices.map(([id, { keys }]) => [id, keys]));
      const identity = this.identities.get(user);
      if (identity === undefined) continue;
      answer['master_keys']![user] = identity.master_key as never;
      answer['self_signing_keys']![user] = identity.self_signing_key as never;
      if (user === asker) answer['user_signing_keys']![user] = identity.user_signing_key as never;
    }
    return answer;
  }

  #claim({ one_time_keys: wanted }: { one_time_keys: Record<string, Record<string, string>> }): object {
    const answer: Keys = {};
    for (const [user, devices] of Object.entries(wanted)) {
      for (const deviceId of Object.keys(devices)) {
        const { oneTime } = this.device(user, deviceId);
        const [first] = oneTime;
        if (first === undefined) continue;
        oneTime.delete(first[0]);
        (answer[user] ??= {})[deviceId] = Object.fromEntries([first]);
      }
    }
    return { one_time_keys: answer, failures: {} };
  }

  #sign(body: Record<string, Record<string, Signed>>): object {
    for (const [user, objects] of Object.entries(body)) {
      for (const [id, { signatures = {} }] of Object.entries(objects)) {
        const target = this.users.get(user)?.get(id)?.keys ?? this.identities.get(user)?.master_key;
        if (target === undefined) throw new Error(`Nothing to sign: ${id}.`);
        for (const [signer, made] of Object.entries(signatures))
          (target.signatures ??= {})[signer] = { ...target.signatures[signer], ...made };
      }
    }
    return { failures: {} };
  }

  #deliver(sender: string, type: string, { messages }: { messages: Record<string, Record<string, unknown>> }): object {
    for (const [user, devices] of Object.entries(messages)) {
      for (const [deviceId, content] of Object.entries(devices))
        this.device(user, deviceId).inbox.push({ type, sender, content });
    }
    return {};
  }
}

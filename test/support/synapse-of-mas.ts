/** What MAS asks of its homeserver: the requests of MAS 1.22 to Synapse's `/_synapse/mas/`, over HTTP. */

export interface SynapseOfMasOptions {
  readonly url: string;
  readonly secret: string;
}

export class SynapseOfMas {
  readonly #options: SynapseOfMasOptions;

  constructor(options: SynapseOfMasOptions) {
    this.#options = options;
  }

  /** Makes the account, or brings it up to date. */
  async provisionUser(localpart: string, locked: boolean): Promise<void> {
    await this.#post('provision_user', { localpart, locked, set_emails: [] });
  }

  async upsertDevice(localpart: string, deviceId: string): Promise<void> {
    await this.#post('upsert_device', { localpart, device_id: deviceId });
  }

  /** Adds what is missing and removes what is not named. */
  async syncDevices(localpart: string, devices: ReadonlySet<string>): Promise<void> {
    await this.#post('sync_devices', { localpart, devices: [...devices] });
  }

  async deleteUser(localpart: string, erase: boolean): Promise<void> {
    await this.#post('delete_user', { localpart, erase });
  }

  async reactivateUser(localpart: string): Promise<void> {
    await this.#post('reactivate_user', { localpart });
  }

  async #post(what: string, body: object): Promise<void> {
    const { url, secret } = this.#options;
    const answer = await fetch(`${url}/_synapse/mas/${what}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${what}: the homeserver answered ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
  }
}

import type { CarrierConfig, Config } from './config.ts';
import type { LineId } from '../model/ids.ts';
import { join } from 'node:path';
import type { Values } from './schema.ts';
import { toGovernance } from './to-governance.ts';

/** From the file's shape to the program's. `values` has no fault; `folder` is that of the configuration file. */
export function toConfig(values: Values, folder: string): Config {
  const { appservice, http, encryption, consent } = values;
  const carriers = new Map([...values.carriers].map(([name, carrier]) => [name, toCarrier(carrier)]));
  const [onlyCarrier = ''] = carriers.keys();
  return {
    homeserver: values.homeserver,
    appservice: {
      url: appservice.url ?? `http://127.0.0.1:${appservice.listen.port}`,
      listen: appservice.listen,
      registration: appservice.registration,
      bot: appservice.bot,
      ghostPrefix: appservice.ghost_prefix,
    },
    http: { host: http.host, port: http.port, publicUrl: http.public_url ?? `http://127.0.0.1:${http.port}` },
    database: toDatabase(values.database, folder, 'carebridge.db'),
    archive: { database: toDatabase(values.archive, folder, 'archive.db'), keys: values.archive.key },
    secrets: { phiKeys: values.secrets.phi_key },
    encryption: {
      engine: encryption.engine,
      store: encryption.store,
      passphrase: encryption.passphrase,
      trust: encryption.trust,
      keyNoticeAfterMs: encryption.key_notice_after,
      idleGhostMs: encryption.idle_ghost,
    },
    practice: values.practice,
    carriers,
    lines: values.lines.map(({ id, number, carrier, team }) => ({
      id: id as LineId,
      number,
      carrier: carrier ?? onlyCarrier,
      team,
    })),
    admins: values.admins,
    commands: { prefix: values.commands.prefix, confirmWithinMs: values.commands.confirm_within },
    consent: {
      wordingVersion: consent.wording_version,
      warning: consent.warning,
      stopConfirmation: consent.stop_confirmation,
      help: consent.help,
      warnOnFirstContact: consent.warn_on_first_contact,
      identity:
        consent.identity_check === 'none'
          ? undefined
          : { tries: consent.identity_tries, validForMs: consent.identity_valid_for },
      identityQuestion: consent.identity_question,
    },
    ...toGovernance(values),
    rooms: { version: values.rooms.version },
    retention: { wipeAfterMs: values.retention.wipe_after, keepParkedMs: values.retention.keep_parked },
    queue: { concurrency: values.queue.concurrency, maxAttempts: values.queue.max_attempts },
    log: values.log,
  };
}

function toDatabase({ path, url }: Values['database'], folder: string, file: string): Config['database'] {
  return url === undefined ? { dialect: 'sqlite', path: path ?? join(folder, file) } : { dialect: 'postgres', url };
}

type CarrierValues = Values['carriers'] extends ReadonlyMap<string, infer Value> ? Value : never;

function toCarrier(values: CarrierValues): CarrierConfig {
  switch (values.type) {
    case 'loopback':
      return values;
    case 'kannel': {
      const { webhook_secret: webhookSecret, status_url: statusUrl, status_password: statusPassword, ...rest } = values;
      return { ...rest, webhookSecret, statusUrl, statusPassword };
    }
  }
}

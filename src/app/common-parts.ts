import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import type { Namespace } from '../model/namespace.ts';
import { Lines } from '../services/lines.ts';
import { Notifier } from '../services/notifier.ts';
import { OpenConversation } from '../services/open-conversation.ts';
import { SendAutomatic } from '../services/send-automatic.ts';
import { TellSender } from '../services/tell-sender.ts';
import { createSmsCarriers } from '../sms/index.ts';
import type { Storage } from '../storage/open-storage.ts';
import type { MatrixSide } from './matrix-side.ts';

/** Tells the queues that there is something new. */
export type Wake = Readonly<Record<'inbox' | 'keywords' | 'outbox' | 'notices', () => void>>;

/** What most use cases are made of. */
export type CommonParts = ReturnType<typeof makeCommonParts>;

/** Joins configuration, stores and the Matrix side to what most use cases need. */
export function makeCommonParts(options: {
  readonly config: Config;
  readonly namespace: Namespace;
  readonly storage: Storage;
  readonly matrix: MatrixSide;
  readonly wake: Wake;
  readonly log: Logger;
}) {
  const { config, namespace, storage, matrix, wake, log } = options;
  const { transactions, settings, conversations, consents, outbox, inbox, notices, matrixEvents, media } = storage;
  const { rooms, sender, crypto } = matrix;
  const stores = {
    transactions,
    settings,
    conversations,
    consents,
    outbox,
    inbox,
    notices,
    events: matrixEvents,
    media,
  };
  const base = {
    ...stores,
    ...{ rooms, sender, decrypter: crypto, namespace, log },
    lines: new Lines(config.lines),
    carriers: createSmsCarriers(config.carriers, config.http.publicUrl),
    country: config.practice.country,
    wordingVersion: config.consent.wordingVersion,
    commandPrefix: config.commands.prefix,
    wakeDeliveries: wake.inbox,
    wakeKeywords: wake.keywords,
    wakeNotices: wake.notices,
  };
  const notifier = new Notifier({ ...base, bot: namespace.bot, wake: wake.notices });
  const automatic = new SendAutomatic({
    ...base,
    texts: {
      warning: fillIn(config, config.consent.warning),
      'stop-confirmation': fillIn(config, config.consent.stopConfirmation),
      help: fillIn(config, config.consent.help),
    },
    wake: wake.outbox,
  });
  return {
    ...base,
    notifier,
    automatic,
    tell: new TellSender(conversations, notifier),
    opener: new OpenConversation(base),
  };
}

/** Puts the practice's name and contact into a text to patients. */
function fillIn({ practice }: Config, text: string): string {
  return text.replaceAll('{practice}', practice.name).replaceAll('{contact}', practice.contact);
}

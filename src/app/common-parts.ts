import type { Config } from '../config/config.ts';
import type { Logger } from '../log.ts';
import type { RoomId } from '../model/ids.ts';
import type { Namespace } from '../model/namespace.ts';
import { ArchiveMessages } from '../services/archive-messages.ts';
import { auditedPolicyVersions } from '../services/audited-policy-versions.ts';
import { CarePolicyView } from '../services/care-policy-view.ts';
import { CheckCommandRoom } from '../services/check-command-room.ts';
import { CheckIdentity } from '../services/check-identity.ts';
import { DropParked } from '../services/drop-parked.ts';
import { ExpireParked } from '../services/expire-parked.ts';
import type { KnownGovernedRooms } from '../services/known-governed-rooms.ts';
import { Lines } from '../services/lines.ts';
import { MakeGovernedRoom } from '../services/make-governed-room.ts';
import { mayTextOutBy } from '../services/may-text-out.ts';
import { NoteSaid } from '../services/note-said.ts';
import { Notifier } from '../services/notifier.ts';
import { OpenConversation } from '../services/open-conversation.ts';
import { recordConfiguredRoles } from '../services/record-configured-roles.ts';
import { RetryParked } from '../services/retry-parked.ts';
import { SendAutomatic } from '../services/send-automatic.ts';
import { TellSecurity } from '../services/tell-security.ts';
import { TellSender } from '../services/tell-sender.ts';
import type { MessageArchive } from '../ports/message-archive.ts';
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
  /** undefined: nothing is archived. */
  readonly archive: MessageArchive | undefined;
  readonly governedRooms: KnownGovernedRooms;
  readonly matrix: MatrixSide;
  readonly wake: Wake;
  readonly log: Logger;
}) {
  const { config, namespace, storage, archive, governedRooms, matrix, wake, log } = options;
  const { rooms, control, sender, crypto } = matrix;
  const lines = new Lines(config.lines, config.admins);
  const { admins } = config;
  const policyVersions = auditedPolicyVersions(storage.policyVersions, storage);
  const policy = new CarePolicyView({
    ...storage,
    policyVersions,
    namespace,
    lines,
    governedRooms,
    log,
    admins,
    roleStore: storage.roles,
    roles: config.roles,
    units: config.units,
    classes: config.phiClasses,
  });
  const base = {
    ...storesOf(storage),
    policyVersions,
    governedRooms,
    rooms,
    control,
    sender,
    decrypter: crypto,
    namespace,
    lines,
    policy,
    log,
    recordConfigured: () => recordConfiguredRoles({ roles: storage.roles, admins, lines }, Date.now()),
    carriers: createSmsCarriers(config.carriers, config.http.publicUrl),
    country: config.practice.country,
    wordingVersion: config.consent.wordingVersion,
    prefix: config.commands.prefix,
    mayTextOut: mayTextOutBy(policy, governedRooms),
    wakeDeliveries: wake.inbox,
    wakeKeywords: wake.keywords,
    wakeNotices: wake.notices,
  };
  const notifier = new Notifier({ ...base, bot: namespace.bot, wake: wake.notices });
  const make = new MakeGovernedRoom(base);
  const commandRoom = new CheckCommandRoom(base);
  const automatic = new SendAutomatic({ ...base, texts: automaticTexts(config), wake: wake.outbox });
  const archiving = archive && new ArchiveMessages({ ...base, archive, notifier });
  const said = archiving && new NoteSaid({ ...base, wake: () => archiving.wake() });
  const rule = config.consent.identity;
  const identity = rule && new CheckIdentity({ ...base, automatic, notifier, rule });
  const tell = new TellSender(storage.conversations, notifier);
  const wakeQueues = () => {
    for (const notify of [wake.inbox, wake.keywords, wake.outbox, wake.notices]) notify();
  };
  return {
    ...base,
    notifier,
    make,
    automatic,
    identity,
    archiving,
    said,
    tell,
    retryParked: new RetryParked({ ...base, tell, wakeQueues }),
    dropParked: new DropParked(base),
    expireParked: new ExpireParked({ ...base, ...config.retention, notifier }),
    opener: new OpenConversation({ ...base, make, notifier, identity }),
    security: new TellSecurity({ governedRooms, notifier }),
    roomProblem: (roomId: RoomId) => commandRoom.problem(roomId),
  };
}

/** The stores by the names that use cases know them by. */
function storesOf({ matrixEvents: events, ...stores }: Storage) {
  return { ...stores, events };
}

/** The texts to patients that go by themselves, with the practice's name and contact put in. */
export function automaticTexts({ practice, consent }: Config) {
  const fillIn = (text: string): string =>
    text.replaceAll('{practice}', practice.name).replaceAll('{contact}', practice.contact);
  return {
    warning: fillIn(consent.warning),
    'stop-confirmation': fillIn(consent.stopConfirmation),
    help: fillIn(consent.help),
    'identity-question': fillIn(consent.identityQuestion),
  };
}

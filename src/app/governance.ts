import type { Config } from '../config/config.ts';
import { LdapDirectory } from '../identity/ldap-directory.ts';
import { MatrixSettingsProbe, somebodyOn } from '../matrix/probe-settings.ts';
import { readEvent } from '../matrix/read-event.ts';
import { isSignInUp } from '../matrix/sign-in-probe.ts';
import { BUILT_IN_ROLES } from '../model/built-in-roles.ts';
import type { RoomId } from '../model/ids.ts';
import { ActOnSetup } from '../services/act-on-setup.ts';
import { AdoptRoom } from '../services/adopt-room.ts';
import { AuditPublicKeys, type AuditKey } from '../services/audit-keys.ts';
import { BreakGlass } from '../services/break-glass.ts';
import { CheckPolicy, policyReportText } from '../services/check-policy.ts';
import { CreateRoom } from '../services/create-room.ts';
import { CreateUnit } from '../services/create-unit.ts';
import { EndBreakGlass } from '../services/end-break-glass.ts';
import { ExpireBreakGlass } from '../services/expire-break-glass.ts';
import { FollowVerification } from '../services/follow-verification.ts';
import { GiveRole } from '../services/give-role.ts';
import { GovernRooms } from '../services/govern-rooms.ts';
import { GuardAudit } from '../services/guard-audit.ts';
import { ImportRoles } from '../services/import-roles.ts';
import { ListRoles } from '../services/list-roles.ts';
import { LookAtSetup } from '../services/look-at-setup.ts';
import { ReadAttachedText } from '../services/read-attached-text.ts';
import { ReleaseRoom } from '../services/release-room.ts';
import { ReplaceLostRooms } from '../services/replace-lost-rooms.ts';
import { SetClass } from '../services/set-class.ts';
import { SetUp } from '../services/set-up.ts';
import { ShowRooms } from '../services/show-rooms.ts';
import { SyncDirectory } from '../services/sync-directory.ts';
import { TakeRole } from '../services/take-role.ts';
import { whatIsDown } from '../services/what-is-down.ts';
import { CheckpointFile } from '../storage/checkpoint-file.ts';
import type { CommonParts } from './common-parts.ts';
import type { MatrixSide } from './matrix-side.ts';

/** The use cases of the care policy: roles, governed rooms, emergencies, setting up, and the guard of the audit log. */
export type Governance = ReturnType<typeof makeGovernance>;

/** Makes them. */
export function makeGovernance(
  parts: CommonParts,
  config: Config,
  matrix: MatrixSide,
  configFile: string,
  auditKey: AuditKey | undefined,
) {
  const { governance } = config;
  const govern = new GovernRooms({
    ...parts,
    war: { repairs: governance.warRepairs, windowMs: governance.warWindowMs, pauseMs: governance.warPauseMs },
    isDryRun: governance.isDryRun,
    sweepIntervalMs: governance.sweepIntervalMs,
  });
  const roomMoved = (from: RoomId, to: RoomId) => {
    parts.control.forget(from);
    parts.policy.invalidate();
    govern.roomsChanged([from, to]);
  };
  return {
    govern,
    roomMoved,
    lostRooms: new ReplaceLostRooms({ ...parts, roomMoved }),
    ...roomUseCases(parts, govern),
    ...roleUseCases(parts, config, matrix),
    ...emergencyUseCases(parts, config),
    ...setupUseCases(parts, config, matrix, configFile),
    followVerification: new FollowVerification({
      ...parts,
      deviceTrust: matrix.crypto.deviceTrust,
      found: parts.policy.setUnverifiedDevices,
    }),
    guardAudit:
      auditKey &&
      new GuardAudit({
        ...parts,
        signer: auditKey,
        verifier: new AuditPublicKeys([auditKey.publicKey]),
        memory: new CheckpointFile(config.audit.checkpointFile),
        signEveryMs: config.audit.signEveryMs,
      }),
  };
}

function roomUseCases(parts: CommonParts, govern: GovernRooms) {
  const roomsChanged = (rooms: Iterable<RoomId>) => govern.roomsChanged(rooms);
  return {
    createRoom: new CreateRoom(parts),
    createUnit: new CreateUnit(parts),
    adoptRoom: new AdoptRoom({ ...parts, roomsChanged }),
    releaseRoom: new ReleaseRoom({ ...parts, govern }),
    setClass: new SetClass({ ...parts, roomsChanged }),
    showRooms: new ShowRooms(parts),
  };
}

function roleUseCases(parts: CommonParts, { directory, homeserver }: Config, { appservice }: MatrixSide) {
  const { bot } = parts.namespace;
  return {
    giveRole: new GiveRole(parts),
    takeRole: new TakeRole(parts),
    listRoles: new ListRoles(parts),
    importRoles: new ImportRoles(parts),
    attachedText: new ReadAttachedText({
      ...parts,
      eventOf: (roomId, eventId) => readEvent(appservice.homeserver, bot, roomId, eventId),
    }),
    syncDirectory:
      directory &&
      new SyncDirectory({
        ...parts,
        source: new LdapDirectory(directory, homeserver.domain, parts.log),
        intervalMs: directory.intervalMs,
        mostTaken: directory.mostRemovals,
      }),
  };
}

function emergencyUseCases(parts: CommonParts, { breakGlass: limits, homeserver }: Config) {
  const endBreakGlass = new EndBreakGlass(parts);
  const carriers = [...parts.carriers.values()].map((carrier) => ({
    what: `texts by ${carrier.name}`,
    isUp: async (signal: AbortSignal) => (await carrier.check(signal)).every(({ ok }) => ok),
  }));
  const signIn = { what: 'signing in again', isUp: (signal: AbortSignal) => isSignInUp(homeserver.url, signal) };
  const unavailable = whatIsDown([...carriers, signIn]);
  return {
    endBreakGlass,
    breakGlass: new BreakGlass({ ...parts, limits, ending: endBreakGlass, unavailable }),
    expireBreakGlass: new ExpireBreakGlass({ ...parts, ending: endBreakGlass }),
  };
}

function setupUseCases(parts: CommonParts, config: Config, matrix: MatrixSide, configFile: string) {
  const { url, domain } = config.homeserver;
  const carrierKinds = [...config.carriers].map(([name, { type }]) => ({ name, isSimulator: type === 'loopback' }));
  const look = new LookAtSetup({ ...parts, configFile, carrierKinds, builtInRoles: BUILT_IN_ROLES });
  const checkPolicy = new CheckPolicy({
    probe: new MatrixSettingsProbe({
      url,
      domain,
      asToken: matrix.asToken,
      somebody: somebodyOn(domain, config.admins),
    }),
    declared: config.homeserverDeclarations,
    domain,
    prefix: parts.prefix,
    bridge: async () => ({
      securityRoomMembers: (await look.securityRoom())?.joined.size,
      admins: config.admins.length,
      trust: config.encryption.trust,
    }),
  });
  const act = new ActOnSetup({ ...parts, giveRole: new GiveRole(parts) });
  const setUp = new SetUp({
    ...parts,
    facts: () => look.look(),
    act: (action, cause) => act.act(action, cause),
    report: async () => policyReportText(await checkPolicy.check()),
  });
  return { checkPolicy, setUp };
}

/** Governing on a real Synapse: the Matrix side of the bridge, the services of the care policy over stores in memory, and staff with bare clients. */
import { silentLogger as log } from '../../../src/log.ts';
import { MatrixHttp } from '../../../src/matrix/matrix-http.ts';
import { pingAppservice } from '../../../src/matrix/ping.ts';
import { MatrixRoomControl } from '../../../src/matrix/room-control.ts';
import { BUILT_IN_CLASSES } from '../../../src/model/built-in-classes.ts';
import { BUILT_IN_ROLES } from '../../../src/model/built-in-roles.ts';
import type { ConversationId, LineId, RoomId, UserId } from '../../../src/model/ids.ts';
import type { PhiClass } from '../../../src/model/phi-class.ts';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import type { Role, RoleId, UnitId } from '../../../src/model/role.ts';
import type { AuditEntry } from '../../../src/model/audit-entry.ts';
import type { WarLimits } from '../../../src/policy/war.ts';
import { AdoptRoom } from '../../../src/services/adopt-room.ts';
import { CarePolicyView } from '../../../src/services/care-policy-view.ts';
import { CreateUnit } from '../../../src/services/create-unit.ts';
import { GovernRooms } from '../../../src/services/govern-rooms.ts';
import { KnownGovernedRooms } from '../../../src/services/known-governed-rooms.ts';
import { Lines } from '../../../src/services/lines.ts';
import { MakeGovernedRoom, type RoomToMake } from '../../../src/services/make-governed-room.ts';
import { ReleaseRoom } from '../../../src/services/release-room.ts';
import { waitFor } from '../../support/wait-for.ts';
import { memoryStorage } from '../../support/fakes/memory-storage.ts';
import { BridgeOnSynapse, NAMESPACE, type Staff } from '../../integration/matrix/bridge-on-synapse.ts';

export const BOT = NAMESPACE.bot;
export const ICU = 'icu' as UnitId;
const LINE = 'front-desk' as LineId;

const NAMES = ['admin', 'nurse', 'physician', 'clerk', 'stranger'] as const;
type Name = (typeof NAMES)[number];

/** What a test chooses of the hospital. */
export interface HospitalOptions {
  readonly roomVersion?: string | undefined;
  /** None is ever declared where left out. */
  readonly war?: WarLimits;
}

const NO_WAR: WarLimits = { repairs: 1_000, windowMs: 60_000, pauseMs: 60_000 };
const AT_ONCE = 10;

/** When a repair or a report was finished, by `performance.now()`. */
export interface Noted {
  readonly entry: AuditEntry;
  readonly at: number;
}

/** A hospital with an administrator, a nurse in the line's team, a physician of intensive care with power 50, a clerk, and somebody without a role. */
export class GovernedHospital implements AsyncDisposable {
  readonly on: BridgeOnSynapse;
  readonly staff: Readonly<Record<Name, Staff>>;
  readonly govern: GovernRooms;
  readonly control: MatrixRoomControl;
  readonly make: MakeGovernedRoom;
  readonly policy: CarePolicyView;
  readonly rooms: KnownGovernedRooms;
  readonly storage = memoryStorage();
  readonly createUnit: CreateUnit;
  readonly adoptRoom: AdoptRoom;
  readonly releaseRoom: ReleaseRoom;
  /** Everything that the audit log was told, with when. */
  readonly noted: Noted[] = [];
  /** What was said in rooms, and to security. */
  readonly said: { readonly roomId: RoomId; readonly text: string }[] = [];
  readonly told: string[] = [];
  /** Requests to the homeserver for rooms and their state. */
  requests = 0;
  readonly #makerOf: (version: string) => MakeGovernedRoom;
  readonly #closing: AsyncDisposableStack;
  readonly #ensureRegistered: (user: UserId) => Promise<void>;

  private constructor(
    on: BridgeOnSynapse,
    bridge: Awaited<ReturnType<BridgeOnSynapse['open']>>,
    staff: Record<Name, Staff>,
    options: HospitalOptions & { http: MatrixHttp; closing: AsyncDisposableStack },
  ) {
    this.on = on;
    this.staff = staff;
    this.#closing = options.closing;
    const { homeserver } = bridge.appservice;
    this.#ensureRegistered = (user) => homeserver.ensureRegistered(user);
    const { storage } = this;
    this.rooms = new KnownGovernedRooms(storage.governedRooms);
    const lines = new Lines([
      { id: LINE, number: '+12125550100' as PhoneNumber, carrier: 'x', team: [staff.nurse.userId] },
    ]);
    this.policy = new CarePolicyView({
      ...storage,
      namespace: NAMESPACE,
      lines,
      log,
      governedRooms: this.rooms,
      roleStore: storage.roles,
      roles: ROLES,
      classes: BUILT_IN_CLASSES,
      admins: [staff.admin.userId],
      units: [{ id: ICU, name: 'Intensive care' }],
    });
    const controlOf = (roomVersion: string | undefined) =>
      new MatrixRoomControl({
        homeserver: {
          call: (...call) => {
            this.requests += 1;
            return homeserver.call(...call);
          },
        },
        http: {
          bytes: (...call) => {
            this.requests += 1;
            return options.http.bytes(...call);
          },
        },
        namespace: NAMESPACE,
        roomVersion,
        isGoverned: this.rooms.has,
        log,
      });
    this.control = controlOf(options.roomVersion);
    const audit = {
      append: async (entry: AuditEntry & { readonly id: string }) => {
        this.noted.push({ entry, at: performance.now() });
        await storage.audit.append(entry);
      },
    };
    this.govern = new GovernRooms({
      ...storage,
      audit,
      governedRooms: this.rooms,
      policy: this.policy,
      control: this.control,
      log,
      isDryRun: false,
      sweepIntervalMs: 600_000,
      war: options.war ?? NO_WAR,
      speech: { delayMs: 50, gapMs: 50 },
      notifier: { say: async (roomId, text) => void this.said.push({ roomId, text }) },
      security: { tell: async (text) => void this.told.push(text) },
    });
    this.policy.onChange(this.govern.policyChanged);
    const parts = {
      ...storage,
      governedRooms: this.rooms,
      policy: this.policy,
      control: this.control,
      govern: this.govern,
      roomsChanged: (changed: readonly RoomId[]) => this.govern.roomsChanged(changed),
    };
    this.make = new MakeGovernedRoom(parts);
    this.#makerOf = (version) => new MakeGovernedRoom({ ...parts, control: controlOf(version) });
    this.createUnit = new CreateUnit({ ...parts, make: this.make });
    this.adoptRoom = new AdoptRoom(parts);
    this.releaseRoom = new ReleaseRoom(parts);
  }

  static async start(options: HospitalOptions = {}): Promise<GovernedHospital> {
    await using closing = new AsyncDisposableStack();
    const on = await BridgeOnSynapse.start();
    closing.defer(() => on.stop());
    const bridge = await on.open({
      observe: (events) => hospital?.govern.roomsChanged(hospital.control.observe(events)),
    });
    closing.defer(() => bridge.appservice.close());
    const http = new MatrixHttp({ url: on.synapse.url, asToken: on.registration.asToken });
    closing.defer(() => http.close());
    const staff = {} as Record<Name, Staff>;
    for (const name of NAMES) staff[name] = await on.staff(name);
    const moved = closing.move();
    const hospital: GovernedHospital | undefined = new GovernedHospital(on, bridge, staff, {
      ...options,
      http,
      closing: moved,
    });
    await hospital.policy.start();
    for (const [name, role] of GIVEN) {
      const given = { userId: staff[name].userId, roleId: role, source: 'command', givenBy: 'test', at: 0 } as const;
      await hospital.storage.roles.give(given);
    }
    hospital.policy.invalidate();
    hospital.govern.start();
    await pingAppservice(on.pingTarget(bridge.intake));
    return hospital;
  }

  /** A governed room with these in it. */
  async room(
    { version, ...more }: Partial<RoomToMake> & { readonly key: string; readonly version?: string },
    ...members: readonly Staff[]
  ): Promise<RoomId> {
    const roomId = await (version === undefined ? this.make : this.#makerOf(version)).make({
      kind: 'care-team',
      phiClass: 'phi',
      unit: undefined,
      conversation: undefined,
      name: 'Ward round',
      also: members.map(({ userId }) => userId),
      ...more,
    });
    for (const member of members) await member.join(roomId);
    await this.govern.settled();
    return roomId;
  }

  /** A patient's room, with the nurse in it. */
  async conversation(key: string, version?: string): Promise<RoomId> {
    const ghost = `@${NAMESPACE.ghostPrefix}${key}:${NAMESPACE.domain}` as UserId;
    await this.#ensureRegistered(ghost);
    const conversation = { id: key as ConversationId, lineId: LINE, ghost };
    const room = { key, kind: 'conversation', conversation, name: 'Patient ABCD' } as const;
    return await this.room({ ...room, ...(version !== undefined && { version }) }, this.staff.nurse);
  }

  /** Lets so many of our own users, none of whom may be there, join a public room. */
  async crowd(roomId: RoomId, count: number): Promise<void> {
    const join = async (n: number) => {
      const user = `@${NAMESPACE.ghostPrefix}crowd${n}:${NAMESPACE.domain}` as UserId;
      await this.#ensureRegistered(user);
      await this.asBot('POST', `/join/${encodeURIComponent(roomId)}`, {}, user);
    };
    for (let first = 0; first < count; first += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, n) => join(first + n)));
    }
  }

  /** What the bot, or another of our users, does by its token, as an operator could. */
  async asBot(method: string, path: string, body?: object, user = BOT): Promise<Record<string, unknown>> {
    const url = `${this.on.synapse.url}/_matrix/client/v3${path}?user_id=${encodeURIComponent(user)}`;
    const headers = { authorization: `Bearer ${this.on.registration.asToken}` };
    const answer = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** Gives somebody so much power that they can change what they should not, while the bot looks away. */
  async overpower(roomId: RoomId, user: UserId, power = 100): Promise<void> {
    const path = statePath(roomId, 'm.room.power_levels');
    const levels = await this.asBot('GET', path);
    await this.asBot('PUT', path, { ...levels, users: { ...(levels['users'] as object), [user]: power } });
  }

  /** The first repair of, or report about, the room by one of these rules that was finished at `since` (`performance.now()`) or later. */
  async outcome(roomId: RoomId, rules: readonly string[], since: number): Promise<Noted> {
    const fits = ({ entry, at }: Noted) => {
      const { rule, ended } = (entry.details ?? {}) as { rule?: string; ended?: string };
      const isEnd = (entry.action === 'room.repair' && ended === 'applied') || entry.action === 'room.report';
      return at >= since && entry.roomId === roomId && isEnd && rules.includes(rule ?? '');
    };
    return await waitFor(`${rules.join(' or ')} in ${roomId}`, () => this.noted.find(fits), {
      timeoutMs: 30_000,
      everyMs: 2,
      instead: () =>
        JSON.stringify(
          this.noted.filter(({ at, entry }) => at >= since && entry.roomId === roomId).map(({ entry }) => entry),
        ),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.govern[Symbol.asyncDispose]();
    await this.#closing.disposeAsync();
  }
}

/** The path of a state event. */
export function statePath(roomId: RoomId, type: string, key = ''): string {
  return `/rooms/${encodeURIComponent(roomId)}/state/${encodeURIComponent(type)}/${encodeURIComponent(key)}`;
}

function role(id: string, power: number, classes: readonly PhiClass[], units: readonly UnitId[]): Role {
  return {
    id: id as RoleId,
    name: id,
    power,
    permissions: new Set(),
    commands: 'all',
    idleLogoffMs: undefined,
    classes: new Set(classes),
    units: new Set(units),
  };
}

const PHYSICIAN = role('physician', 50, ['none', 'phi'], [ICU]);
const CLERK = role('clerk', 0, ['none'], [ICU]);
const ROLES = new Map([...BUILT_IN_ROLES, [PHYSICIAN.id, PHYSICIAN], [CLERK.id, CLERK]]);
const GIVEN: readonly (readonly [Name, RoleId])[] = [
  ['physician', PHYSICIAN.id],
  ['clerk', CLERK.id],
];

import { aliases } from './aliases.ts';
import { avatar } from './avatar.ts';
import { classEvent } from './class-event.ts';
import { creation } from './creation.ts';
import { encryption } from './encryption.ts';
import { guestAccess } from './guest-access.ts';
import { historyVisibility } from './history-visibility.ts';
import { joinRules } from './join-rules.ts';
import { members } from './members.ts';
import { name } from './name.ts';
import { outsideServices } from './outside-services.ts';
import { pinned } from './pinned.ts';
import { powerLevels } from './power-levels.ts';
import { requiredMembers } from './required-members.ts';
import type { Rule } from './rule.ts';
import { serverAcl } from './server-acl.ts';
import { spaces } from './spaces.ts';
import { thirdPartyInvites } from './third-party-invites.ts';
import { tombstone } from './tombstone.ts';
import { topic } from './topic.ts';
import { verifiedDevices } from './verified-devices.ts';

/** Every rule of governed rooms, in the order in which its changes are made: first power, then doors, then who is in, and last who is let in. */
export const ROOM_RULES: readonly Rule[] = [
  powerLevels,
  joinRules,
  guestAccess,
  serverAcl,
  encryption,
  historyVisibility,
  members,
  thirdPartyInvites,
  outsideServices,
  classEvent,
  name,
  topic,
  avatar,
  pinned,
  aliases,
  spaces,
  tombstone,
  creation,
  verifiedDevices,
  requiredMembers,
];

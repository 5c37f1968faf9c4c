import { accessReviewCommand, type AccessReviewCommandParts } from './access-review.ts';
import { breakGlassEndCommand } from './break-glass-end.ts';
import { breakGlassListCommand } from './break-glass-list.ts';
import { breakGlassCommand } from './break-glass.ts';
import { cancelCommand } from './cancel.ts';
import type { Command } from './command.ts';
import { confirmCommand, type Decide } from './confirm.ts';
import { consentCommand, type ConsentCommandParts } from './consent.ts';
import { devicesCommand } from './devices.ts';
import { helpCommand, type HelpCommandParts } from './help.ts';
import { identityCommand, type IdentityCommandParts } from './identity.ts';
import { lockCommand } from './lock.ts';
import { lostDeviceAllCommand } from './lost-device-all.ts';
import { lostDeviceCommand } from './lost-device.ts';
import { offboardCommand } from './offboard.ts';
import { parkedDropCommand } from './parked-drop.ts';
import { parkedRetryCommand } from './parked-retry.ts';
import { parkedCommand } from './parked.ts';
import { phiSetCommand } from './phi-set.ts';
import { phiShowCommand } from './phi-show.ts';
import { policyCheckCommand } from './policy-check.ts';
import { policyShowCommand } from './policy-show.ts';
import { reactivateCommand } from './reactivate.ts';
import { roleGiveCommand } from './role-give.ts';
import { roleImportCommand } from './role-import.ts';
import { roleListCommand } from './role-list.ts';
import { roleSyncCommand } from './role-sync.ts';
import { roleTakeCommand } from './role-take.ts';
import { roomAdoptCommand } from './room-adopt.ts';
import { roomCreateCommand } from './room-create.ts';
import { roomListCommand } from './room-list.ts';
import { roomReleaseCommand } from './room-release.ts';
import { roomShowCommand } from './room-show.ts';
import { setupCommand } from './setup.ts';
import { suspendCommand } from './suspend.ts';
import { textCommand, type TextCommandParts } from './text.ts';
import { unitCreateCommand } from './unit-create.ts';
import { unlockCommand } from './unlock.ts';
import { whoCommand } from './who.ts';
import { whoisCommand } from './whois.ts';

/** Everything that some command needs. */
export type CommandParts = TextCommandParts &
  ConsentCommandParts &
  IdentityCommandParts &
  HelpCommandParts &
  AccessReviewCommandParts &
  Parameters<typeof breakGlassCommand>[0] &
  Parameters<typeof breakGlassEndCommand>[0] &
  Parameters<typeof policyCheckCommand>[0] &
  Parameters<typeof policyShowCommand>[0] &
  Parameters<typeof setupCommand>[0] &
  Parameters<typeof roleGiveCommand>[0] &
  Parameters<typeof roleTakeCommand>[0] &
  Parameters<typeof roleListCommand>[0] &
  Parameters<typeof roleImportCommand>[0] &
  Parameters<typeof roleSyncCommand>[0] &
  Parameters<typeof roomCreateCommand>[0] &
  Parameters<typeof roomAdoptCommand>[0] &
  Parameters<typeof roomReleaseCommand>[0] &
  Parameters<typeof unitCreateCommand>[0] &
  Parameters<typeof phiSetCommand>[0] &
  Parameters<typeof devicesCommand>[0] &
  Parameters<typeof lockCommand>[0] &
  Parameters<typeof lostDeviceAllCommand>[0] &
  Parameters<typeof lostDeviceCommand>[0] &
  Parameters<typeof offboardCommand>[0] &
  Parameters<typeof reactivateCommand>[0] &
  Parameters<typeof suspendCommand>[0] &
  Parameters<typeof unlockCommand>[0] &
  Parameters<typeof whoisCommand>[0] &
  Parameters<typeof parkedCommand>[0] &
  Parameters<typeof parkedRetryCommand>[0] &
  Parameters<typeof parkedDropCommand>[0] &
  Parameters<typeof phiShowCommand>[0] & { readonly decide: Decide };

/** The explicit list of commands. A new command is one file and one line here. */
export function commandList(parts: CommandParts): readonly Command[] {
  const commands: Command[] = [
    textCommand(parts),
    consentCommand(parts),
    identityCommand(parts),
    whoCommand(parts),
    roleGiveCommand(parts),
    roleTakeCommand(parts),
    roleListCommand(parts),
    roleImportCommand(parts),
    roleSyncCommand(parts),
    accessReviewCommand(parts),
    roomCreateCommand(parts),
    roomAdoptCommand(parts),
    roomReleaseCommand(parts),
    roomListCommand(parts),
    roomShowCommand(parts),
    unitCreateCommand(parts),
    phiSetCommand(parts),
    phiShowCommand(parts),
    breakGlassCommand(parts),
    breakGlassEndCommand(parts),
    breakGlassListCommand(parts),
    devicesCommand(parts),
    lostDeviceCommand(parts),
    lostDeviceAllCommand(parts),
    lockCommand(parts),
    unlockCommand(parts),
    suspendCommand(parts),
    offboardCommand(parts),
    reactivateCommand(parts),
    whoisCommand(parts),
    parkedCommand(parts),
    parkedRetryCommand(parts),
    parkedDropCommand(parts),
    policyCheckCommand(parts),
    policyShowCommand(parts),
    setupCommand(parts),
    confirmCommand(parts.decide),
    cancelCommand(parts.decide),
    helpCommand(parts, () => commands),
  ];
  return commands;
}

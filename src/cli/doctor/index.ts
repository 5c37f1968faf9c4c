/** The checks, in the order in which an operator would want them mended. A new one is one file and one line here. */
import { accountControl } from './account-control.ts';
import { accounts } from './accounts.ts';
import { archive } from './archive.ts';
import { auditKey } from './audit-key.ts';
import { botKeys } from './bot-keys.ts';
import { carriers } from './carriers.ts';
import type { Check } from './check.ts';
import { clock } from './clock.ts';
import { cryptoStore } from './crypto-store.ts';
import { database } from './database.ts';
import { device } from './device.ts';
import { directory } from './directory.ts';
import { diskSpace } from './disk-space.ts';
import { filePermissions } from './file-permissions.ts';
import { homeserver } from './homeserver.ts';
import { ping } from './ping.ts';
import { publicUrl } from './public-url.ts';
import { tokens } from './tokens.ts';

/** Every check. */
export const CHECKS: readonly Check[] = [
  filePermissions,
  diskSpace,
  homeserver,
  accounts,
  clock,
  tokens,
  accountControl,
  ping,
  device,
  database,
  auditKey,
  archive,
  cryptoStore,
  botKeys,
  publicUrl,
  carriers,
  directory,
];

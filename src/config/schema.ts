/** The whole configuration file, in the order of the sample. */
import { accounts } from './sections/accounts.ts';
import { archive } from './sections/archive.ts';
import { audit } from './sections/audit.ts';
import { carriers } from './sections/carriers.ts';
import { phiClasses } from './sections/classes.ts';
import { directory } from './sections/directory.ts';
import { breakGlass, governance, homeserverDeclarations } from './sections/governance.ts';
import { lines } from './sections/lines.ts';
import { appservice, encryption, homeserver, http, rooms } from './sections/matrix.ts';
import { admins, commands, consent, log, practice } from './sections/practice.ts';
import { roles, units } from './sections/roles.ts';
import { database, queue, retention, secrets } from './sections/storage.ts';
import { section, type Incomplete, type ValueOf } from './setting.ts';

/** Every setting there is. */
export const SCHEMA = section('Carebridge configuration.', {
  homeserver,
  practice,
  admins,
  carriers,
  lines,
  units,
  roles,
  phi_classes: phiClasses,
  governance,
  break_glass: breakGlass,
  directory,
  accounts,
  audit,
  archive,
  homeserver_declarations: homeserverDeclarations,
  appservice,
  http,
  database,
  secrets,
  encryption,
  commands,
  consent,
  rooms,
  retention,
  queue,
  log,
});

/** What is read from a file that has no fault. */
export type Values = ValueOf<typeof SCHEMA>;

/** What is read from any file. */
export type IncompleteValues = NonNullable<Incomplete<Values>>;

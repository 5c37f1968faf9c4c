import type { Config } from '../../config/config.ts';
import type { CheckpointMemory } from '../../ports/checkpoint-memory.ts';
import type { AuditKey, AuditPublicKeys } from '../../services/audit-keys.ts';
import type { Storage } from '../../storage/open-storage.ts';
import type { VerbInput } from '../verb.ts';

/** What each part of `carebridge audit` is given. */
export interface AuditVerbParts {
  readonly input: VerbInput;
  readonly config: Config;
  readonly storage: Storage;
  readonly memory: CheckpointMemory;
  /** undefined where none is configured. */
  readonly key: AuditKey | undefined;
  /** Our key and those given with --public-key. */
  readonly verifier: AuditPublicKeys;
}

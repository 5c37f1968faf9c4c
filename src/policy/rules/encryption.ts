import { contentOf, write, type Content, type Rule } from './rule.ts';

/** The one algorithm that clients and the bridge use (Matrix specification, end-to-end encryption). */
const MEGOLM = 'm.megolm.v1.aes-sha2';
/** What clients do where nothing is said (same place): keys are changed at least that often. */
const LONGEST_ROTATION = { rotation_period_ms: 604_800_000, rotation_period_msgs: 100 } as const;

/** Encrypted, for good: clients never take it back, whatever the state says later (E1). */
export const encryption: Rule = (input) => {
  if (!input.rules.isEncryptionRequired) return [];
  const content = contentOf(input.snapshot, 'm.room.encryption');
  if (content?.['algorithm'] === MEGOLM && rotates(content)) return [];
  const why =
    content === undefined
      ? 'the room was not encrypted.'
      : content['algorithm'] === MEGOLM
        ? 'its keys were not changed often enough.'
        : 'another algorithm was named for encryption.';
  return [write(input, { rule: 'encryption', why, type: 'm.room.encryption', after: { algorithm: MEGOLM } })];
};

function rotates(content: Content): boolean {
  return Object.entries(LONGEST_ROTATION).every(([name, most]) => {
    const value = content[name];
    return value === undefined || (Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= most);
  });
}

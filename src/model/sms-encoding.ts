/** What a text can be on the air: GSM 7-bit (3GPP TS 23.038, 6.2.1) where every character allows it, else UCS-2. */

/** The basic table without its escape; one septet each. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** The extension table: an escape and one septet. */
const EXTENSION = '^{}\\[~]|€';

const SEPTETS = new Map<string, number>([
  ...Array.from(BASIC, (character) => [character, 1] as const),
  ...Array.from(EXTENSION, (character) => [character, 2] as const),
]);

/** Units of one text that stands alone, and of each part of a longer one (3GPP TS 23.040, 9.2.3.24.1). */
const LIMITS = { gsm7: { single: 160, part: 153 }, ucs2: { single: 70, part: 67 } } as const;

/** How a text goes over the air. `parts` is what the carrier bills; long texts are one on the phone. */
export interface SmsEncoding {
  readonly coding: 'gsm7' | 'ucs2';
  readonly parts: number;
}

/** The smaller coding that keeps every character of `text`, and how many parts it takes. */
export function encodingOf(text: string): SmsEncoding {
  const units = septetsOf(text);
  const coding = units === undefined ? 'ucs2' : 'gsm7';
  const length = units ?? text.length;
  const { single, part } = LIMITS[coding];
  return { coding, parts: length <= single ? 1 : Math.ceil(length / part) };
}

/**
 * The text as a phone can show it: tabs become spaces, other control characters but line breaks go, broken surrogates become U+FFFD. Gateways
 * cut a text at a NUL or send it as binary; nobody types these on purpose.
 */
export function toPhoneText(text: string): string {
  return (
    text
      .toWellFormed()
      .replaceAll('\t', ' ')
      // eslint-disable-next-line no-control-regex -- control characters are what it is about
      .replaceAll(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, '')
  );
}

function septetsOf(text: string): number | undefined {
  let septets = 0;
  for (const character of text) {
    const size = SEPTETS.get(character);
    if (size === undefined) return undefined;
    septets += size;
  }
  return septets;
}

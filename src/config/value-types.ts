/** How a word of the file becomes a value. Nothing here quotes what was written: it may be a secret or a number. */
import { isAbsolute, join } from 'node:path';
import { nearestName } from './nearest-name.ts';
import { parseUserId, type UserId } from '../model/ids.ts';
import { isCountry, parsePhoneNumber, type Country, type PhoneNumber } from '../model/phone-number.ts';

/** A value, or what is wrong and what to do. */
export type Read<T> = { readonly value: T } | { readonly problem: string; readonly fix: string };

/** One kind of value. */
export interface ValueType<T> {
  /** For the reference, e.g. `duration`. */
  readonly name: string;
  /** `folder` is that of the configuration file. */
  read(text: string, folder: string): Read<T>;
}

/** Any words. */
export const text: ValueType<string> = {
  name: 'text',
  read: (written) =>
    written.trim() === '' ? { problem: 'it is empty', fix: 'write a text' } : { value: written.trim() },
};

/** Words of the given form. `form` says it to a person. */
export function textLike(name: string, pattern: RegExp, form: string): ValueType<string> {
  return {
    name,
    read: (written) =>
      pattern.test(written.trim()) ? { value: written.trim() } : { problem: `it is not ${form}`, fix: `write ${form}` },
  };
}

/** A port of this machine. */
export const port: ValueType<number> = integer(1, 65_535);

/** A whole number. */
export function integer(least: number, most: number): ValueType<number> {
  return {
    name: 'integer',
    read(written) {
      const value = Number(written);
      if (/^\d+$/.test(written) && value >= least && value <= most) return { value };
      return { problem: `it is not a whole number from ${least} to ${most}`, fix: 'write the number in digits' };
    },
  };
}

/** true or false. */
export const flag: ValueType<boolean> = {
  name: 'true or false',
  read(written) {
    if (written === 'true' || written === 'false') return { value: written === 'true' };
    return { problem: 'it is neither true nor false', fix: 'write true or false' };
  },
};

/** One of a few words. */
export function choice<const Words extends readonly string[]>(words: Words): ValueType<Words[number]> {
  return {
    name: words.join(', '),
    read(written) {
      const value = words.find((word) => word === written);
      if (value !== undefined) return { value };
      const near = words.length > 6 ? nearestName(written, words) : undefined;
      const fix = near === undefined ? `use one of ${words.join(', ')}` : `did you mean ${near}?`;
      return { problem: 'it is none of the choices', fix };
    },
  };
}

const TEN_YEARS_MS = 10 * 366 * 86_400_000;
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Longest a timer of Node can wait. ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** A time span, `30s`, in ms. `longestMs` defaults to what a timer can wait, 24 days; `leastMs` is in whole seconds. */
export function duration(longestMs = LONGEST_TIMER_MS, leastMs = 0): ValueType<number> {
  return {
    name: 'duration',
    read(written) {
      const [, digits = '', unit] = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(written) ?? [];
      const wrong = { problem: 'it is not a time span', fix: 'write a number and a unit, such as 30s, 10m, 12h or 7d' };
      if (digits === '' || (unit === undefined && Number(digits) !== 0)) return wrong;
      const value = Number(digits) * UNITS[(unit ?? 'ms') as keyof typeof UNITS];
      if (value < leastMs) return { problem: 'it is too short', fix: `write at least ${leastMs / UNITS.s}s` };
      if (value <= longestMs) return { value };
      return { problem: 'it is too long', fix: `write at most ${Math.floor(longestMs / UNITS.d)}d` };
    },
  };
}

/** How often something is done, or how long something is waited for. At least a second: 0 would mean without a pause, or never in time. */
export const interval: ValueType<number> = duration(LONGEST_TIMER_MS, UNITS.s);

/** A time span, or `never`, which is 0. */
export const durationOrNever: ValueType<number> = {
  name: 'duration or never',
  read: (written) => (written === 'never' ? { value: 0 } : duration(TEN_YEARS_MS).read(written, '')),
};

/** The name of a server, as in user ids. */
export const serverName: ValueType<string> = textLike(
  'server name',
  /^[A-Za-z0-9.-]{1,230}(:\d{1,5})?$/,
  'a server name such as hospital.example, without https://',
);

/** An address of a directory. Without a password, since addresses are shown and logged. */
export const ldapUrl: ValueType<string> = {
  name: 'URL',
  read(written) {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    const isWhole = url !== undefined && /^ldaps?:$/.test(url.protocol) && url.hostname !== '';
    if (!isWhole) {
      return {
        problem: 'it is not an ldap:// or ldaps:// address',
        fix: 'write it as ldaps://ldap.hospital.example:636',
      };
    }
    if (url.username !== '' || url.password !== '' || url.search !== '' || url.pathname.length > 1) {
      return { problem: 'it has more than a server and a port', fix: 'use bind_dn, password and base for the rest' };
    }
    return { value: written.replace(/\/+$/, '') };
  },
};

/** Attribute = value, with commas between: `ou=people,dc=hospital,dc=example`. The directory itself looks closer. */
export const distinguishedName: ValueType<string> = textLike(
  'distinguished name',
  /^[A-Za-z0-9.-]+=.{1,1000}$/,
  'a distinguished name such as ou=people,dc=hospital,dc=example',
);

/** 32 bytes in base64. */
export const seed: ValueType<Uint8Array> = {
  name: 'key of 32 bytes in base64',
  read(written) {
    const value = Buffer.from(written.trim(), 'base64');
    if (value.length === 32 && /^[A-Za-z0-9+/]{43}=?$/.test(written.trim())) return { value: new Uint8Array(value) };
    return { problem: 'it is not 32 bytes in base64', fix: 'make one with: openssl rand -base64 32' };
  },
};

/** An address of a web server. Without a password, since addresses are shown and logged. */
export const httpUrl: ValueType<string> = {
  name: 'URL',
  read(written) {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || !/^https?:\/\//i.test(written)) {
      return {
        problem: 'it is not an http:// or https:// address',
        fix: 'write it in full, such as http://127.0.0.1:8008',
      };
    }
    if (url.username !== '' || url.password !== '') {
      return { problem: 'it holds a user name or password, and addresses are logged', fix: 'leave that part out' };
    }
    if (url.search !== '' || url.hash !== '') return { problem: 'it has a ? or # part', fix: 'leave that part out' };
    return { value: written.replace(/\/+$/, '') };
  },
};

/** A PostgreSQL address, `postgres://user:password@host/database`. */
export const postgresUrl: ValueType<string> = {
  name: 'URL',
  read(written) {
    const url = URL.canParse(written) ? new URL(written) : undefined;
    if (url && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1) return { value: written };
    return {
      problem: 'it is not the address of a PostgreSQL database',
      fix: 'write postgres://user:password@host/database, with special characters in the password as %XX',
    };
  },
};

/** A file or folder. A relative one is taken from the configuration file's folder, wherever the program is started. */
export const path: ValueType<string> = {
  name: 'path',
  read(written, folder) {
    if (written.trim() === '' || written.includes('\0'))
      return { problem: 'it is not a path', fix: 'write a file path' };
    return { value: isAbsolute(written) ? written : join(folder, written) };
  },
};

/** `@nurse:hospital.example`. */
export const userId: ValueType<UserId> = {
  name: 'Matrix user id',
  read(written) {
    const value = parseUserId(written);
    if (value !== undefined) return { value };
    return { problem: 'it is not a Matrix user id', fix: 'write "@name:server" in quotes' };
  },
};

/** A number of ours, with `+` and the country's code. */
export const phoneNumber: ValueType<PhoneNumber> = {
  name: 'phone number',
  read(written) {
    const value = written.trim().startsWith('+') ? parsePhoneNumber(written) : undefined;
    if (value !== undefined) return { value };
    const fix = 'write it with + and the country code, such as +12125550100';
    return { problem: 'it is not a full, existing phone number', fix };
  },
};

/** `US`. */
export const country: ValueType<Country> = {
  name: 'country code',
  read(written) {
    const value = written.toUpperCase();
    if (isCountry(value)) return { value };
    return { problem: 'it is not a country', fix: 'write the two letters of ISO 3166, such as US' };
  },
};

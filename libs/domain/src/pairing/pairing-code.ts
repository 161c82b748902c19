// A pairing code is read from one screen and typed into another: eight characters of Crockford's base32, which has no
// letter that looks like a digit. 40 bits, guessed at a few attempts a second for five minutes, are enough.
import type { Brand } from '../brand.ts';

/** Eight characters without the dash. */
export type PairingCode = Brand<string, 'PairingCode'>;

export const PAIRING_TTL_MS = 300_000;

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RFC_4648 = 'abcdefghijklmnopqrstuvwxyz234567';
const CODE = new RegExp(`^[${CROCKFORD}]{8}$`);

/** Bytes to draw for one. */
export const PAIRING_CODE_BYTES = 5;

/** @param token `PAIRING_CODE_BYTES` random bytes as lower-case base32 (RFC 4648) */
export const pairingCodeOf = (token: string): PairingCode =>
  [...token].map((char) => CROCKFORD.charAt(RFC_4648.indexOf(char))).join('') as PairingCode;

/** As a person types it: in any case, with or without the dash, with o for 0 and i or l for 1. Undefined: no code. */
export function readPairingCode(text: string): PairingCode | undefined {
  const code = text.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return CODE.test(code) ? (code as PairingCode) : undefined;
}

/** As a person reads it: `K7QF-3MXN`. */
export const showPairingCode = (code: PairingCode): string => `${code.slice(0, 4)}-${code.slice(4)}`;

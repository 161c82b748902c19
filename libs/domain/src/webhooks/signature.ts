// Standard Webhooks 1.0 (https://www.standardwebhooks.com). What is signed is the id of the event, the second of the
// attempt and the very bytes of the body, so that none of them can be exchanged or replayed later. Keyed hashing comes
// in from outside: the domain imports nothing.

const SECRET_PREFIX = 'whsec_';
const SCHEME = 'v1';
/** Receivers refuse what is older or newer: a captured request is worth nothing later. */
export const SIGNATURE_TOLERANCE_S = 300;

/** HMAC-SHA256 of a text under a key that is given as base64; the result as base64. */
export type Mac = (keyBase64: string, text: string) => string;

export interface SignedMessage {
  readonly eventId: string;
  /** Unix seconds of this attempt. */
  readonly atS: number;
  readonly body: string;
}

/** @param secret `whsec_` and the key in base64 */
export function signatureHeaders(
  { eventId, atS, body }: SignedMessage,
  secret: string,
  mac: Mac,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  return {
    'webhook-id': eventId,
    'webhook-timestamp': String(atS),
    'webhook-signature': `${SCHEME},${mac(keyOf(secret), `${eventId}.${atS}.${body}`)}`,
  };
}

export type SignatureVerdict = 'valid' | 'too_old' | 'too_new' | 'wrong';

/** What a receiver does. A header may hold several signatures, separated by spaces, while a secret is being replaced. */
export function checkSignature(
  { eventId, atS, body }: SignedMessage,
  signatures: string,
  secret: string,
  nowS: number,
  mac: Mac,
): SignatureVerdict {
  if (atS < nowS - SIGNATURE_TOLERANCE_S) return 'too_old';
  if (atS > nowS + SIGNATURE_TOLERANCE_S) return 'too_new';
  const expected = `${SCHEME},${mac(keyOf(secret), `${eventId}.${atS}.${body}`)}`;
  return signatures.split(' ').some((signature) => sameText(signature, expected)) ? 'valid' : 'wrong';
}

const keyOf = (secret: string): string =>
  secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret;

/** In a time that does not depend on where the two differ. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** 26 characters of base32, 130 bits from the platform's secure source: client keys and idempotency keys. */
export function drawKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(26));
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join('');
}

import { Valid, invalid } from '../http/validation.ts';
import { IdempotencyKey } from '../sessions/session.schemas.ts';

const KEY = new Valid(IdempotencyKey, 'Idempotency-Key');

/** Money is never moved without one: a lost answer could not be asked for again. */
export function requiredKey(header: string | undefined): string {
  const key = KEY.transform(header);
  if (key !== undefined) return key;
  const fix = 'send a key of your own for each payment, such as its number';
  throw invalid([{ field: 'Idempotency-Key', message: 'is missing', fix }]);
}

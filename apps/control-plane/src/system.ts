// Time, chance and faults of the real world, behind the application's ports.
import { StoreUnavailable, type Clock, type Draw, type Incidents } from '@meridian/application';
import { drawBytes, type Logger } from '@meridian/telemetry';

export const systemClock: Clock = { nowMs: () => Date.now() };

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Lower-case base32 (RFC 4648) without padding. */
export function toBase32(bytes: Uint8Array): string {
  const text: string[] = [];
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text.push(BASE32.charAt((value >>> bits) & 31));
    }
  }
  if (bits > 0) text.push(BASE32.charAt((value << (5 - bits)) & 31));
  return text.join('');
}

export const systemDraw: Draw = { token: (bytes) => toBase32(drawBytes(bytes)) };

const QUIET_MS = 10_000;

/**
 * Faults that use cases went on in spite of become log lines. A store that is away fails the same way twice a second:
 * the same fault is said once in 10 s, with how often it was left out.
 */
export function logIncidents(logger: Logger, clock: Clock): Incidents {
  const said = new Map<string, { readonly untilMs: number; leftOut: number }>();
  return {
    note: (what, error, ids) => {
      const key = `${what} ${ids?.['region'] ?? ''} ${error instanceof Error ? error.name : ''}`;
      const last = said.get(key);
      if (last && last.untilMs > clock.nowMs()) {
        last.leftOut += 1;
        return;
      }
      said.set(key, { untilMs: clock.nowMs() + QUIET_MS, leftOut: 0 });
      const cause = error instanceof StoreUnavailable ? { reason: error.message } : { err: error };
      logger.warn({ ...cause, ...ids, ...(last?.leftOut && { leftOut: last.leftOut }) }, what);
    },
  };
}

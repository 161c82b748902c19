import type { SessionTokenClaims } from '@meridian/protocol/session-token';
import type { Break } from './breaks.ts';

const LEADS = [
  { ms: 60_000, share: 0.2 },
  { ms: 10_000, share: 0.05 },
] as const;

export type LimitWord =
  | { readonly kind: 'soon'; readonly reason: string; readonly inMs: number }
  | { readonly kind: 'over'; readonly reason: string };

/** What a session of these claims is told of its limits, and when it has reached one. */
export class StubLimits {
  readonly #claims: SessionTokenClaims;
  readonly #broken: Break | undefined;
  readonly #beganMs = performance.now();
  #awakeMs = performance.now();
  #told = 0;
  #toldOf = '';

  constructor(claims: SessionTokenClaims, broken: Break | undefined) {
    this.#claims = claims;
    this.#broken = broken;
  }

  /** Somebody did something, or is back. */
  awake(): void {
    this.#awakeMs = performance.now();
    const isOnlyOnce = this.#broken === 'warns-once-of-idleness';
    if (this.#toldOf === 'idle' && !isOnlyOnce) this.#told = 0;
  }

  next(): LimitWord | undefined {
    const { idleMs, maxDurationMs } = this.#claims;
    const duration = { atMs: this.#beganMs + maxDurationMs, ofMs: maxDurationMs, reason: 'duration_limit' };
    const idle = { atMs: this.#awakeMs + idleMs, ofMs: idleMs, reason: 'idle' };
    const { atMs, ofMs, reason } = idle.atMs < duration.atMs ? idle : duration;
    const inMs = Math.floor(atMs - performance.now());
    if (inMs <= 0) return { kind: 'over', reason };
    if (this.#toldOf !== reason) [this.#toldOf, this.#told] = [reason, 0];
    const due = LEADS.filter(({ ms, share }) => inMs <= Math.min(ms, share * ofMs)).length;
    if (due <= this.#told || this.#broken === 'ends-without-warning') return undefined;
    this.#told = due;
    return { kind: 'soon', reason, inMs };
  }
}

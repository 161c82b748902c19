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
  #creditMs: number | undefined;
  /** The active time at which the credit was given. */
  #creditFromMs = 0;

  constructor(claims: SessionTokenClaims, broken: Break | undefined) {
    this.#claims = claims;
    this.#broken = broken;
    this.#creditMs = broken === 'ignores-credit' ? undefined : claims.creditMs;
  }

  get creditMs(): number | undefined {
    return this.#creditMs;
  }

  renew(creditMs: number, activeMs: number): void {
    const isOldNews = this.#creditMs !== undefined && creditMs <= this.#creditMs;
    if (this.#broken === 'forgets-renewals' || (isOldNews && this.#broken !== 'takes-credit-back')) return;
    [this.#creditMs, this.#creditFromMs] = [creditMs, activeMs];
    if (this.#toldOf === 'budget_exhausted') this.#told = 0;
  }

  /** Somebody did something, or is back. */
  awake(): void {
    this.#awakeMs = performance.now();
    const isOnlyOnce = this.#broken === 'warns-once-of-idleness';
    if (this.#toldOf === 'idle' && !isOnlyOnce) this.#told = 0;
  }

  next(activeMs: number): LimitWord | undefined {
    const { idleMs, maxDurationMs } = this.#claims;
    const duration = { atMs: this.#beganMs + maxDurationMs, ofMs: maxDurationMs, reason: 'duration_limit' };
    const idle = { atMs: this.#awakeMs + idleMs, ofMs: idleMs, reason: 'idle' };
    const { atMs, ofMs, reason } = [duration, idle, this.#credit(activeMs)].reduce((a, b) =>
      b.atMs < a.atMs ? b : a,
    );
    const inMs = Math.floor(atMs - performance.now());
    if (inMs <= 0) return { kind: 'over', reason };
    if (this.#toldOf !== reason) [this.#toldOf, this.#told] = [reason, 0];
    const due = LEADS.filter(({ ms, share }) => inMs <= Math.min(ms, share * ofMs)).length;
    if (due <= this.#told || this.#broken === 'ends-without-warning') return undefined;
    this.#told = due;
    return { kind: 'soon', reason, inMs };
  }

  #credit(activeMs: number) {
    const { ms, fromMs } = { ms: this.#creditMs ?? Infinity, fromMs: this.#creditFromMs };
    return { atMs: performance.now() + ms - activeMs, ofMs: ms - fromMs, reason: 'budget_exhausted' };
  }
}

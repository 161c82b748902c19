// The gateways of a session's region, in the order that the control plane drew for the session. Whichever serves is
// kept; after a loss the next one is asked, and after the last the first again. One that died is hardly back at once, and
// one that hangs costs seconds to ask, so that both are passed over for a while.
import type { Connection } from './types.ts';

/** How long a gateway is passed over after what it did, ms. */
const AVOIDED_MS = { refused: 0, broke: 1_000, hung: 10_000 } as const;

export type Loss = keyof typeof AVOIDED_MS;

export class GatewayRing {
  #streamUrls: readonly string[];
  #at = 0;
  readonly #avoidedUntilMs = new Map<string, number>();

  constructor(connection: Connection) {
    this.#streamUrls = urlsOf(connection);
  }

  get current(): string {
    return this.#streamUrls[this.#at] ?? '';
  }

  get size(): number {
    return this.#streamUrls.length;
  }

  /** Another one may serve as well as the current one: neither died nor hung of late. */
  hasOther(nowMs: number): boolean {
    return this.#streamUrls.some((url, index) => index !== this.#at && this.#isGood(url, nowMs));
  }

  /** `loss`: what the current one did. With none else at hand one that is passed over is asked all the same. */
  next(loss: Loss, nowMs: number): void {
    this.#avoidedUntilMs.set(this.current, nowMs + AVOIDED_MS[loss]);
    const others = this.#streamUrls.map((_url, index) => (this.#at + 1 + index) % this.size);
    this.#at = others.find((index) => this.#isGood(this.#streamUrls[index] ?? '', nowMs)) ?? others[0] ?? 0;
  }

  /** A fresh connection may name other gateways; the one that is asked now stays when it is still among them. */
  learn(connection: Connection): void {
    const { current } = this;
    this.#streamUrls = urlsOf(connection);
    this.#at = Math.max(0, this.#streamUrls.indexOf(current));
  }

  #isGood(streamUrl: string, nowMs: number): boolean {
    return (this.#avoidedUntilMs.get(streamUrl) ?? 0) <= nowMs;
  }
}

function urlsOf({ streamUrl, alternatives }: Connection): readonly string[] {
  return [...new Set([streamUrl, ...alternatives.map((one) => one.streamUrl)])];
}

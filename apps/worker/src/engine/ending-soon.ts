// N1. A client is told of the limit that ends its session next, twice: a while before and shortly before. Of one that
//     has moved, because something was done, it is told anew.
import type { Limit } from './session.ts';

/** Before the end: so long, or such a share of the limit where that is shorter. */
const LEADS = [
  { us: 60_000_000, share: 0.2 },
  { us: 10_000_000, share: 0.05 },
] as const;

/** What one stream was told. */
export class EndingSoon {
  #of: Limit | undefined;
  #told = 0;

  /** When the stream is to be told next; Infinity when it has been told all. */
  dueUs(limit: Limit): number {
    const lead = LEADS[this.#toldOf(limit)];
    return lead === undefined ? Infinity : limit.atUs - leadUs(lead, limit);
  }

  /** Whether the stream is to be told now. It counts as told then. */
  take(limit: Limit, nowUs: number): boolean {
    if (nowUs < this.dueUs(limit)) return false;
    this.#of = limit;
    this.#told = LEADS.filter((lead) => limit.atUs - leadUs(lead, limit) <= nowUs).length;
    return true;
  }

  #toldOf({ atUs, reason }: Limit): number {
    return this.#of?.atUs === atUs && this.#of.reason === reason ? this.#told : 0;
  }
}

const leadUs = ({ us, share }: (typeof LEADS)[number], { lengthUs }: Limit): number =>
  Math.min(us, share * lengthUs);

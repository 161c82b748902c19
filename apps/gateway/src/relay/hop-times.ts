// Where the time goes between an action and the first frame that shows it. Only differences of one clock count, so
// that clocks which differ by a minute between gateway and worker change nothing:
//   gateway_total   action in here -> frame out here                      (this clock)
//   worker_wait     action in at the worker -> its step begins            (the worker's)
//   step, encode    the step; from its end to the image handed over       (the worker's)
//   gateway_out     frame in here -> frame out here                       (this clock)
//   network         what is left: the two ways between gateway and worker, waiting on either side included
import { frameTimesIn, type Envelope, type PeekedFrame } from '@meridian/worker-client';
import type { HopSeries } from '../metrics.ts';

export interface HopTimesOptions {
  readonly series: HopSeries;
  readonly traceId: string;
  /** This gateway stamped an action with this time; another gateway's stamps are by another clock. */
  readonly isOurs: (stampUs: number) => boolean;
}

export class HopTimes {
  readonly #options: HopTimesOptions;
  #seq = 0;
  #device = 0;

  constructor(options: HopTimesOptions) {
    this.#options = options;
  }

  /** A frame is on its way out, `inMs` after it came in, at `outUs` of this gateway's wall clock. */
  sent(
    { lastActionSeq, lastActionDevice }: PeekedFrame,
    envelope: Envelope,
    inMs: number,
    outUs: number,
  ): void {
    if (lastActionSeq === this.#seq && lastActionDevice === this.#device) return;
    this.#seq = lastActionSeq;
    this.#device = lastActionDevice;
    const times = frameTimesIn(envelope.message);
    if (!times || !this.#options.isOurs(times.actionGatewayUs)) return;
    const totalUs = outUs - times.actionGatewayUs;
    const outLastUs = inMs * 1_000;
    const atWorkerUs = times.encodedUs - times.actionReceivedUs;
    const { series } = this.#options;
    this.#observe(series.gateway_total, totalUs);
    this.#observe(series.network, totalUs - atWorkerUs - outLastUs);
    this.#observe(series.worker_wait, times.stepStartedUs - times.actionReceivedUs);
    this.#observe(series.step, times.stepEndedUs - times.stepStartedUs);
    this.#observe(series.encode, times.encodedUs - times.stepEndedUs);
    this.#observe(series.gateway_out, outLastUs);
  }

  /** A wall clock may be set back between two looks at it. */
  #observe(series: HopSeries['step'], us: number): void {
    series.observe(Math.max(us, 0) / 1_000_000, this.#options.traceId);
  }
}

import { createMetrics, type Metrics } from '@meridian/telemetry';

/** Seconds; a relayed frame that did not wait takes some tens of microseconds. */
const RELAY_DELAY_BUCKETS_S = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.1, 0.5, 1];

/** What the gateway counts. Names and meanings are in each `help`. */
export class GatewayMetrics {
  readonly #metrics: Metrics;
  readonly #frames;
  readonly #frameBytes;
  readonly #delay;
  readonly #dropped;
  readonly #refusals;
  readonly #replacements;
  readonly #streams;
  readonly actions;
  readonly messagesTooLarge;
  readonly checkpointsNotKept;
  readonly droppedSlowClient;
  readonly droppedFenced;
  readonly droppedOutdated;
  readonly droppedMalformed;

  constructor(region: string) {
    this.#metrics = createMetrics({ service: 'gateway', region });
    const name = (rest: string) => `meridian_gateway_${rest}`;
    const counter = (rest: string, help: string, labels: readonly string[] = []) =>
      this.#metrics.counter({ name: name(rest), help, labels });
    this.#frames = counter('frames_relayed_total', 'Frames sent on to clients.');
    this.#frameBytes = counter('frame_bytes_relayed_total', 'Bytes of frames sent on to clients.');
    this.#dropped = counter(
      'frames_dropped_total',
      'Frames not sent on, by reason: slow_client, fenced (another epoch), outdated (number not rising), malformed.',
      ['reason'],
    );
    this.#refusals = counter('refusals_total', 'Streams refused or ended with an error, by code.', ['code']);
    this.#replacements = counter('replacements_total', 'Searches for a new worker, by outcome.', ['outcome']);
    this.actions = counter('actions_relayed_total', 'Actions sent on to workers.');
    this.messagesTooLarge = counter(
      'worker_messages_too_large_total',
      'Messages of workers above 4 MiB, passed over: frames that no client sees, checkpoints that are not kept.',
    );
    this.checkpointsNotKept = counter(
      'checkpoints_not_kept_total',
      'Checkpoints that CHECKPOINT_MEMORY_MB had no room for; the session keeps its older one, if it has one.',
    );
    this.#streams = this.#metrics.gauge({
      name: name('streams_open'),
      help: 'Streams of clients that are open, by transport.',
      labels: ['transport'],
    });
    this.#delay = this.#metrics.histogram({
      name: name('relay_delay_seconds'),
      help: 'From a frame’s last byte in to its first byte out, waiting for a slow client included.',
      buckets: RELAY_DELAY_BUCKETS_S,
    });
    this.droppedSlowClient = this.#dropped.labels('slow_client');
    this.droppedFenced = this.#dropped.labels('fenced');
    this.droppedOutdated = this.#dropped.labels('outdated');
    this.droppedMalformed = this.#dropped.labels('malformed');
  }

  get exposition(): Metrics {
    return this.#metrics;
  }

  frameRelayed(bytes: number, delayMs: number): void {
    this.#frames.inc();
    this.#frameBytes.inc(bytes);
    this.#delay.observe(delayMs / 1_000);
  }

  streamOpened(transport: string): void {
    this.#streams.labels(transport).inc();
  }

  streamClosed(transport: string): void {
    this.#streams.labels(transport).dec();
  }

  refused(code: string): void {
    this.#refusals.labels(code).inc();
  }

  replacement(outcome: string): void {
    this.#replacements.labels(outcome).inc();
  }
}

import { createMetrics, type HotSeries, type Metrics } from '@meridian/telemetry';

/** Seconds; a relayed frame that did not wait takes some tens of microseconds. */
const RELAY_DELAY_BUCKETS_S = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.1, 0.5, 1];
const HOP_BUCKETS_S = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.25, 0.5, 1,
];
const PAUSE_BUCKETS_S = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 25];

/** Where the time between an action and the first frame that shows it goes; see relay/hop-times.ts. */
export const HOPS = [
  'gateway_total',
  'network',
  'worker_wait',
  'step',
  'encode',
  'gateway_out',
] as const satisfies readonly string[];
export type HopSeries = Readonly<Record<(typeof HOPS)[number], HotSeries>>;

/** Why a session went on at another worker. */
export type MoveCause = 'lost' | 'drain';

/** What the gateway counts. Names and meanings are in each `help`. */
export class GatewayMetrics {
  readonly #metrics: Metrics;
  readonly #refusals;
  readonly #replacements;
  readonly #streams;
  readonly #hops;
  readonly #pauses;
  readonly frames;
  readonly frameBytes;
  readonly delay: HotSeries;
  readonly actions;
  readonly messagesTooLarge;
  readonly checkpointsNotKept;
  readonly droppedSlowClient;
  readonly droppedFenced;
  readonly droppedOutdated;
  readonly droppedMalformed;
  readonly seekingPlace;
  readonly waiting;
  readonly devices;

  constructor(region: string) {
    this.#metrics = createMetrics({ service: 'gateway', region });
    const name = (rest: string) => `meridian_gateway_${rest}`;
    const counter = (rest: string, help: string, labels: readonly string[] = []) =>
      this.#metrics.counter({ name: name(rest), help, labels });
    const gauge = (rest: string, help: string, labels: readonly string[] = []) =>
      this.#metrics.gauge({ name: name(rest), help, labels });
    const histogram = (rest: string, help: string, buckets: readonly number[]) =>
      this.#metrics.hotHistogram({ name: name(rest), help, buckets });
    this.frames = counter('frames_relayed_total', 'Frames sent on to clients.');
    this.frameBytes = counter('frame_bytes_relayed_total', 'Bytes of frames sent on to clients.');
    const dropped = counter(
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
    this.#streams = gauge('streams_open', 'Streams of clients that are open, by transport.', ['transport']);
    this.seekingPlace = gauge(
      'sessions_seeking_place',
      'Sessions whose worker drains and that wait for another place; they go on meanwhile.',
    );
    this.waiting = gauge(
      'streams_waiting',
      'Streams that wait for their turn to come to a worker: many came at once.',
    );
    this.devices = gauge('devices_open', 'Of the open streams, those of paired devices.');
    this.delay = histogram(
      'relay_delay_seconds',
      'From a frame’s last byte in to its first byte out, waiting for a slow client included.',
      RELAY_DELAY_BUCKETS_S,
    ).series();
    this.#hops = histogram(
      'action_to_frame_seconds',
      'Of the first frame that shows an action, by model and hop: gateway_total from the action in to the frame out, and the parts of it.',
      HOP_BUCKETS_S,
    );
    this.#pauses = histogram(
      'migration_pause_seconds',
      'From the last frame of one worker to the first one of the next, by cause: lost, drain.',
      PAUSE_BUCKETS_S,
    );
    this.droppedSlowClient = dropped.labels('slow_client');
    this.droppedFenced = dropped.labels('fenced');
    this.droppedOutdated = dropped.labels('outdated');
    this.droppedMalformed = dropped.labels('malformed');
  }

  get exposition(): Metrics {
    return this.#metrics;
  }

  /** One series a hop; look them up once a stream. */
  hops(model: string): HopSeries {
    const series = HOPS.map((hop) => [hop, this.#hops.series({ model, hop })]);
    return Object.fromEntries(series) as HopSeries;
  }

  paused(cause: MoveCause, pauseMs: number): void {
    this.#pauses.series({ cause }).observe(pauseMs / 1_000);
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

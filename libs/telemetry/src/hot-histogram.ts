// A histogram for what happens with every frame: prom-client's own takes a microsecond and garbage an observation,
// because it looks its labels up each time. Here they are looked up once, and counts lie in typed arrays.

export interface HotHistogramShape {
  readonly name: string;
  readonly help: string;
  /** Upper bounds, rising, in the metric's own unit. */
  readonly buckets: readonly number[];
}

type Labels = Readonly<Record<string, string>>;

/** One line of the exposition, in prom-client's words. */
interface Sample {
  readonly metricName: string;
  readonly value: number;
  readonly labels: Labels;
  readonly sharedLabels: Labels;
  readonly exemplar?: Exemplar;
}

interface HotHistogramValues extends Pick<HotHistogram, 'name' | 'help' | 'type'> {
  readonly aggregator: 'sum';
  readonly values: readonly Sample[];
}

/** The newest trace that fell into a bucket, as OpenMetrics shows it. */
interface Exemplar {
  readonly labelSet: { readonly trace_id: string };
  readonly value: number;
  /** Seconds since the Unix epoch. */
  readonly timestamp: number;
}

/** Its values for one set of labels. */
export class HotSeries {
  readonly labels: Labels;
  readonly #bounds: readonly number[];
  /** One more than there are bounds: the last one is for what lies above them all. */
  readonly #counts: Float64Array;
  readonly #exemplars: (Exemplar | undefined)[];
  #sum = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
    this.#exemplars = new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined);
  }

  /** With the trace that the value was seen in, it becomes the exemplar of its bucket. */
  observe(value: number, traceId?: string): void {
    let at = 0;
    while (at < this.#bounds.length && value > (this.#bounds[at] ?? 0)) at += 1;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
    if (traceId === undefined) return;
    this.#exemplars[at] = { labelSet: { trace_id: traceId }, value, timestamp: Date.now() / 1_000 };
  }

  /** Cumulative buckets, sum and count, as prom-client writes them. */
  samples(name: string): Sample[] {
    let count = 0;
    const buckets = [...this.#bounds, '+Inf'].map((le, at) => {
      count += this.#counts[at] ?? 0;
      const exemplar = this.#exemplars[at];
      return this.#sample(`${name}_bucket`, count, { le: String(le) }, exemplar);
    });
    return [...buckets, this.#sample(`${name}_sum`, this.#sum), this.#sample(`${name}_count`, count)];
  }

  #sample(metricName: string, value: number, labels: Labels = {}, exemplar?: Exemplar): Sample {
    return { metricName, value, labels, sharedLabels: this.labels, ...(exemplar ? { exemplar } : {}) };
  }
}

/** Has the form of a prom-client metric, so that a registry takes it. */
export class HotHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly #buckets: readonly number[];
  readonly #series = new Map<string, HotSeries>();

  constructor({ name, help, buckets }: HotHistogramShape) {
    this.name = name;
    this.help = help;
    this.#buckets = buckets;
  }

  /** The series of these labels; the caller keeps it. */
  series(labels: Labels = {}): HotSeries {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known) return known;
    const series = new HotSeries(labels, this.#buckets);
    this.#series.set(key, series);
    return series;
  }

  reset(): void {
    this.#series.clear();
  }

  /** Bound to this object, for metrics.ts calls it on an heir. */
  readonly get = (): Promise<HotHistogramValues> => {
    const { name, help, type } = this;
    const values = [...this.#series.values()].flatMap((series) => series.samples(name));
    return Promise.resolve({ name, help, type, aggregator: 'sum', values });
  };
}

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Names in snake case behind `meridian_`, units last: `meridian_frames_relayed_total`, `meridian_step_seconds`. */
export interface MetricNames {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface Metrics {
  readonly registry: Registry;
  readonly contentType: string;
  /** The exposition text that Prometheus scrapes. */
  text(): Promise<string>;
  counter(metric: MetricNames): Counter;
  gauge(metric: MetricNames): Gauge;
  /** Buckets in the metric's own unit; the default suits seconds from 1 ms to 10 s. */
  histogram(metric: MetricNames & { readonly buckets?: readonly number[] }): Histogram;
}

const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own with every metric labelled by `service` (and `region`), and the metrics of the Node process. */
export function createMetrics(labels: Readonly<Record<string, string>>): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  collectDefaultMetrics({ register: registry });
  const shape = ({ name, help, labels: labelNames = [] }: MetricNames) => ({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  return {
    registry,
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counter: (metric) => new Counter(shape(metric)),
    gauge: (metric) => new Gauge(shape(metric)),
    histogram: (metric) => new Histogram({ ...shape(metric), buckets: [...(metric.buckets ?? BUCKETS_S)] }),
  };
}

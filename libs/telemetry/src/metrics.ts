import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type Metric,
  type OpenMetricsContentType,
} from 'prom-client';
import { HotHistogram } from './hot-histogram.ts';

export { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Names in snake case behind `meridian_`, units last: `meridian_frames_relayed_total`, `meridian_step_seconds`. */
export interface MetricNames {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** What a scraper gets. */
export interface Exposition {
  readonly type: string;
  readonly text: string;
}

type OpenRegistry = Registry<OpenMetricsContentType>;
type HistogramShape = MetricNames & { readonly buckets?: readonly number[] };

export interface Metrics {
  readonly registry: Registry;
  /**
   * The exposition text, in the form that the scraper's Accept header asks for: Prometheus's own, or OpenMetrics 1.0,
   * which has exemplars.
   */
  exposition(accept: string | undefined): Promise<Exposition>;
  counter(metric: MetricNames): Counter;
  gauge(metric: MetricNames): Gauge;
  /** Buckets in the metric's own unit; the default suits seconds from 1 ms to 10 s. */
  histogram(metric: HistogramShape): Histogram;
  /** For what is observed with every frame; its labels are those of each series. */
  hotHistogram(metric: Omit<HistogramShape, 'labels'>): HotHistogram;
}

const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** By default a process that has nothing to do would be woken every 10 ms to see whether it is late. */
const LOOP_DELAY_SAMPLE_MS = 100;

/** A registry of its own with every metric labelled by `service` (and `region`), and the metrics of the Node process. */
export function createMetrics(labels: Readonly<Record<string, string>>): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels(labels);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_DELAY_SAMPLE_MS });
  const shape = ({ name, help, labels: labelNames = [] }: MetricNames) => ({
    name,
    help,
    labelNames: [...labelNames],
    registers: [registry],
  });
  return {
    registry,
    exposition: async (accept) => {
      const wanted = /application\/openmetrics-text/i.test(accept ?? '')
        ? openMetricsOf(registry, labels)
        : registry;
      return { type: wanted.contentType, text: await wanted.metrics() };
    },
    counter: (metric) => new Counter(shape(metric)),
    gauge: (metric) => new Gauge(shape(metric)),
    histogram: (metric) => new Histogram({ ...shape(metric), buckets: [...(metric.buckets ?? BUCKETS_S)] }),
    hotHistogram: ({ buckets = BUCKETS_S, ...metric }) => {
      const histogram = new HotHistogram({ ...metric, buckets });
      registry.registerMetric(histogram as unknown as Metric);
      return histogram;
    },
  };
}

/**
 * The same metrics in a registry that writes OpenMetrics. They are heirs of the real ones with a name of their own, for
 * in that form the registry takes `_total` from the names of counters for good.
 */
function openMetricsOf(registry: Registry, labels: Readonly<Record<string, string>>): OpenRegistry {
  const open = new Registry<OpenMetricsContentType>();
  open.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  open.setDefaultLabels(labels);
  for (const metric of registry.getMetricsAsArray()) {
    open.registerMetric(Object.assign(Object.create(metric), { name: metric.name }) as Metric);
  }
  return open;
}

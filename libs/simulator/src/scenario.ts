import { z } from 'zod';

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/, 'a name of lower-case letters, digits and hyphens, such as us-east');
const positive = z.number().positive();
const count = z.number().int().nonnegative();

const box = (most: number) => {
  const degrees = z.number().min(-most).max(most);
  return z.tuple([degrees, degrees]);
};

const region = z.strictObject({
  region: name,
  /** What residency is asked in: `us`, `eu`. */
  jurisdiction: z.string().min(1),
  latitude: z.number().min(-90).max(90),
  longitude: z.number().min(-180).max(180),
  /** The region's name in an RTT matrix (`--rtt`). */
  city: z.string().min(1).optional(),
});

const pool = z.strictObject({
  region: name,
  gpuType: name.default('h100'),
  slotsPerGpu: z.number().int().positive(),
  /** GPUs that serve from the start. */
  gpus: count,
  /** Most that autoscaling may ask for; absent: as many as it wants. */
  maxGpus: count.optional(),
  /** What one GPU costs us. */
  pricePerGpuHourGbp: z.number().nonnegative(),
  /** From asking for a GPU to its first free slot, s. */
  bootS: z.number().nonnegative().default(300),
  /** Median time of one step and of encoding one frame, ms. */
  stepMs: z.number().nonnegative().default(8),
  encodeMs: z.number().nonnegative().default(2),
});

const tenant = z.strictObject({
  tenant: name,
  /** Share of the arrivals, in any unit. */
  share: positive,
  /** Its weight in the queue. */
  weight: z.number().min(1).default(1),
});

const traffic = z.strictObject({
  /** Highest mean number of sessions at once. */
  peakConcurrent: positive,
  medianMinutes: positive.default(30),
  p90Minutes: positive.default(127),
  /** No session lasts longer: the deployment's limit on a session. */
  maxMinutes: positive.max(24 * 60).default(720),
  /** Follow the local time of each city; false: the same traffic all day. */
  diurnal: z.boolean().default(true),
  /** Time of day (UTC) at which the run starts, h. */
  startHourUtc: z.number().min(0).max(24).default(0),
  tenants: z
    .array(tenant)
    .min(1)
    .default([{ tenant: 'app', share: 1, weight: 1 }]),
  /** Only cities within one of these boxes count, in degrees; absent: all. */
  within: z.array(z.strictObject({ latitude: box(90), longitude: box(180) })).optional(),
  /** A user leaves the queue after this long, s; absent: waits for as long as the policy lets it. */
  patienceS: positive.optional(),
});

const policy = z.strictObject({
  /** Predicted action-to-frame time that a placement should meet, ms. */
  targetActionToFrameMs: positive.default(80),
  /** RTT caps by the wait; null: any region. */
  latencySteps: z.array(z.strictObject({ afterMs: count, maxRttMs: positive.nullable() })).default([]),
  /** Longest expected wait that is queued for, ms; a longer one is refused at once. */
  maxWaitMs: count.default(600_000),
});

export const scenarioSchema = z
  .strictObject({
    name: z.string().min(1),
    seed: z.number().int().nonnegative().default(1),
    /** Time that is counted, s. */
    durationS: positive,
    /** Time before that, in which the fleet fills, s. */
    warmupS: z.number().nonnegative().default(1_800),
    slo: z.strictObject({ rttMs: positive.default(80) }).default({ rttMs: 80 }),
    regions: z.array(region).min(1),
    pools: z.array(pool).min(1),
    traffic,
    policy: policy.prefault({}),
    /** GPUs are asked for and given back as the capacity advice says; false: the fleet stays as it is. */
    autoscale: z.boolean().default(false),
  })
  .superRefine((scenario, context) => {
    const regions = scenario.regions.map((each) => each.region);
    for (const [i, each] of scenario.regions.entries()) {
      if (regions.indexOf(each.region) === i) continue;
      context.addIssue({
        code: 'custom',
        path: ['regions', i, 'region'],
        message: 'there are two of it; name each once',
      });
    }
    const seen = new Set<string>();
    for (const [i, each] of scenario.pools.entries()) {
      const key = `${each.region} ${each.gpuType}`;
      const message = seen.has(key)
        ? `there are two pools of ${each.gpuType} in ${each.region}; make them one`
        : regions.includes(each.region)
          ? undefined
          : `there is no region "${each.region}"; give one of ${regions.join(', ')}`;
      seen.add(key);
      if (message) context.addIssue({ code: 'custom', path: ['pools', i, 'region'], message });
    }
    if (scenario.traffic.p90Minutes <= scenario.traffic.medianMinutes) {
      const message = 'it is not above medianMinutes; give a longer time';
      context.addIssue({ code: 'custom', path: ['traffic', 'p90Minutes'], message });
    }
  });

/** A fleet, its traffic and the policy by which sessions are placed. */
export type Scenario = z.infer<typeof scenarioSchema>;
export type ScenarioRegion = Scenario['regions'][number];
export type ScenarioPool = Scenario['pools'][number];

/** One sentence for each thing that is wrong with a scenario. */
export class BadScenario extends Error {
  override readonly name = 'BadScenario';
}

/** @throws BadScenario naming each field and what to put there */
export function readScenario(json: string, file: string): Scenario {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new BadScenario(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const read = scenarioSchema.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.map(({ path, message }) => `  ${fieldOf(path)}: ${message}`);
  throw new BadScenario(`${file} is no scenario; mend these and run again:\n${problems.join('\n')}`);
}

const fieldOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i > 0 ? '.' : ''}${String(part)}`))
    .join('') || 'the whole';

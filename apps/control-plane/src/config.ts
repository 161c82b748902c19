import { readFileSync } from 'node:fs';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { Location, RegionId } from '@meridian/domain';
import { ConfigError, hostPort, milliseconds, portNumber, readEnv, secretText } from '@meridian/telemetry';
import { z } from 'zod';

export const ROLES = ['api', 'jobs'] as const;
export type Role = (typeof ROLES)[number];

/** One gateway process as clients reach it. */
export interface Gateway {
  readonly url: string;
  /** host:port */
  readonly grpc: string;
}

/** A region with what the control plane needs to reach it and to know its processes by. */
export interface Region {
  readonly id: RegionId;
  /** `us` or `eu`: what residency is asked in. */
  readonly jurisdiction: string;
  readonly name: string;
  /** Round trips that nobody measured are estimated from it. */
  readonly location?: Location | undefined;
  /** Any of them takes any session of the region. */
  readonly gateways: readonly [Gateway, ...Gateway[]];
  readonly redisUrl: string;
  readonly fleetSecret: string;
}

/** Time limits, all in ms; tokens carry most of them to gateways and workers. */
export interface Limits {
  readonly claimTtlMs: number;
  readonly holdMs: number;
  readonly idleMs: number;
  readonly maxDurationMs: number;
  readonly queueTtlMs: number;
  readonly heartbeatIntervalMs: number;
  readonly workerSilentMs: number;
  readonly flushIntervalMs: number;
  /** From the order of a worker until it takes sessions. */
  readonly workerBootMs: number;
  /** Active time that a session of a limited tenant is given at once. */
  readonly creditSliceMs: number;
}

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number;
  readonly roles: ReadonlySet<Role>;
  readonly databaseUrl: string;
  readonly regions: readonly [Region, ...Region[]];
  readonly tokenKey: KeyObject;
  readonly adminKey: string;
  readonly playApiKey: string | undefined;
  readonly consoleDir: string | undefined;
  /** Origin at which people reach the play page; undefined: that at which a caller reached us. */
  readonly publicUrl: string | undefined;
  /** Addresses of proxies whose X-Forwarded headers are believed. */
  readonly trustedProxies: readonly string[] | undefined;
  /** For development: webhooks may reach this machine and network, over http too. */
  readonly webhookAllowPrivate: boolean;
  /** Nano-units of the currency for an h100 hour, recorded at start when no rate is known. */
  readonly defaultRate: { readonly nanoPerGpuHour: bigint; readonly currency: string };
  readonly limits: Limits;
}

type Env = Readonly<Record<string, string | undefined>>;

const url = (description: string) => z.url().describe(description);
const redisUrl = url('the URL of the Redis of the region, such as redis://127.0.0.1:6379');

const Variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: portNumber.default(4400),
  GRPC_PORT: portNumber.default(4401),
  ROLES: z
    .string()
    .default('api,jobs')
    .transform((text) => text.split(',').map((role) => role.trim()))
    .pipe(z.array(z.enum(ROLES)).min(1))
    .describe('a list of roles out of api and jobs, such as api,jobs'),
  DATABASE_URL: url('the URL of PostgreSQL, such as postgresql://user:password@host:5432/meridian'),
  REGIONS_FILE: z.string().describe('the path of the JSON file that lists the regions'),
  TOKEN_PRIVATE_KEY_FILE: z.string().describe('the path of a PEM file (PKCS #8) with an Ed25519 private key'),
  ADMIN_KEY: secretText,
  PLAY_API_KEY: z
    .string()
    .regex(/^mk_[a-z2-7]{52}$/)
    .optional()
    .describe('mk_ and 52 characters of base32, or leave it unset'),
  CONSOLE_DIR: z.string().optional().describe('the folder of the built play page'),
  PUBLIC_URL: z
    .url({ protocol: /^https?$/ })
    .transform((text) => new URL(text).origin)
    .optional()
    .describe('the address at which people reach the play page, such as https://play.example.org'),
  TRUSTED_PROXIES: z
    .string()
    .transform((text) => text.split(',').map((proxy) => proxy.trim()))
    .pipe(z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).min(1))
    .optional()
    .describe('a list of addresses or networks, such as 10.0.0.0/8,192.0.2.7, or leave it unset'),
  WEBHOOK_ALLOW_PRIVATE: z
    .enum(['0', '1'])
    .default('0')
    .transform((text) => text === '1')
    .describe('1 to let webhooks reach private addresses, else 0'),
  DEFAULT_RATE_NANO_PER_GPU_HOUR: z
    .string()
    .regex(/^\d{1,18}$/)
    .default('2400000000')
    .transform(BigInt)
    .describe('a whole number of nano-pounds'),
  DEFAULT_RATE_CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .default('GBP')
    .describe('a currency code of three capitals'),
  CLAIM_TTL_MS: milliseconds.default(60_000),
  HOLD_MS: milliseconds.default(30_000),
  IDLE_MS: milliseconds.default(300_000),
  MAX_DURATION_MS: milliseconds.default(7_200_000),
  QUEUE_TTL_MS: milliseconds.default(600_000),
  HEARTBEAT_INTERVAL_MS: milliseconds.default(1_000),
  WORKER_SILENT_MS: milliseconds.default(2_500),
  FLUSH_INTERVAL_MS: milliseconds.default(5_000),
  WORKER_BOOT_MS: milliseconds.default(300_000),
  CREDIT_SLICE_MS: milliseconds.default(120_000),
});

const GATEWAYS_MAX = 16;
const GatewayEntry = z.strictObject({ url: z.url({ protocol: /^https?$/ }), grpc: hostPort });

const RegionList = z
  .array(
    z.object({
      id: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
      jurisdiction: z.string().regex(/^[a-z]{2,8}$/),
      name: z.string().min(1),
      location: z
        .strictObject({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) })
        .optional(),
      gateways: z
        .tuple([GatewayEntry], GatewayEntry)
        .refine((all) => all.length <= GATEWAYS_MAX, 'at most 16'),
    }),
  )
  .min(1);

/** Reads and checks the whole environment. Throws `ConfigError`. */
export function readConfig(env: Env = process.env): Config {
  const vars = readEnv(Variables, env);
  return {
    host: vars.HOST,
    port: vars.PORT,
    grpcPort: vars.GRPC_PORT,
    roles: new Set(vars.ROLES),
    databaseUrl: vars.DATABASE_URL,
    regions: readRegions(vars.REGIONS_FILE, env),
    tokenKey: readTokenKey(vars.TOKEN_PRIVATE_KEY_FILE),
    adminKey: vars.ADMIN_KEY,
    playApiKey: vars.PLAY_API_KEY,
    consoleDir: vars.CONSOLE_DIR,
    publicUrl: vars.PUBLIC_URL,
    trustedProxies: vars.TRUSTED_PROXIES,
    webhookAllowPrivate: vars.WEBHOOK_ALLOW_PRIVATE,
    defaultRate: {
      nanoPerGpuHour: vars.DEFAULT_RATE_NANO_PER_GPU_HOUR,
      currency: vars.DEFAULT_RATE_CURRENCY,
    },
    limits: {
      claimTtlMs: vars.CLAIM_TTL_MS,
      holdMs: vars.HOLD_MS,
      idleMs: vars.IDLE_MS,
      maxDurationMs: vars.MAX_DURATION_MS,
      queueTtlMs: vars.QUEUE_TTL_MS,
      heartbeatIntervalMs: vars.HEARTBEAT_INTERVAL_MS,
      workerSilentMs: vars.WORKER_SILENT_MS,
      flushIntervalMs: vars.FLUSH_INTERVAL_MS,
      workerBootMs: vars.WORKER_BOOT_MS,
      creditSliceMs: vars.CREDIT_SLICE_MS,
    },
  };
}

function readRegions(path: string, env: Env): Config['regions'] {
  const parsed = RegionList.safeParse(parseJson(readText('REGIONS_FILE', path)));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(
      `REGIONS_FILE is not valid at ${issue?.path.join('.') || 'its top'} (${issue?.message}); ` +
        'list regions as [{"id","jurisdiction","name","location":{"latitude","longitude"},"gateways":[{"url","grpc"}]}].',
    );
  }
  const [first, ...others] = parsed.data.map((region) => ({
    ...region,
    id: region.id as RegionId,
    ...secretsOf(region.id, env),
  }));
  if (!first) throw new ConfigError('REGIONS_FILE lists no region; list at least one.');
  refuseSharedSecrets([first, ...others]);
  refuseSharedGateways([first, ...others]);
  return [first, ...others];
}

function secretsOf(regionId: string, env: Env): Pick<Region, 'redisUrl' | 'fleetSecret'> {
  const suffix = regionId.toUpperCase().replaceAll('-', '_');
  const names = { redis: `REDIS_URL_${suffix}`, secret: `FLEET_SECRET_${suffix}` };
  const vars = readEnv(z.object({ [names.redis]: redisUrl, [names.secret]: secretText }), env);
  return { redisUrl: vars[names.redis] ?? '', fleetSecret: vars[names.secret] ?? '' };
}

/** The secret decides which region a worker belongs to, so one secret cannot stand for two. */
function refuseSharedSecrets(regions: readonly Region[]): void {
  const seen = new Set<string>();
  for (const { id, fleetSecret } of regions) {
    if (seen.has(fleetSecret)) {
      const suffix = id.toUpperCase().replaceAll('-', '_');
      throw new ConfigError(
        `FLEET_SECRET_${suffix} is another region's secret too; set it to one of its own.`,
      );
    }
    seen.add(fleetSecret);
  }
}

/** A gateway serves one region, and one that is listed twice would get two shares of its sessions. */
function refuseSharedGateways(regions: readonly Region[]): void {
  const all = regions.flatMap(({ gateways }) =>
    gateways.flatMap(({ url, grpc }) => [new URL(url).href, grpc]),
  );
  const twice = all.find((address, index) => all.indexOf(address) !== index);
  if (twice !== undefined) {
    throw new ConfigError(
      `REGIONS_FILE lists the gateway ${twice} twice; list each gateway once, in its own region.`,
    );
  }
}

function readTokenKey(path: string): KeyObject {
  const wrong = () =>
    new ConfigError(
      `TOKEN_PRIVATE_KEY_FILE (${path}) holds no Ed25519 private key; ` +
        'make one with: openssl genpkey -algorithm ed25519 -out FILE.',
    );
  const pem = readText('TOKEN_PRIVATE_KEY_FILE', path);
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw wrong();
    return key;
  } catch {
    throw wrong();
  }
}

function readText(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new ConfigError(`${name} (${path}) cannot be read; set it to a file that this user may read.`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConfigError('REGIONS_FILE is not JSON; list regions as [{"id","jurisdiction","name",...}].');
  }
}

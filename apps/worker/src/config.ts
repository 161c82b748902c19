import { ConfigError, hostPort, milliseconds, portNumber, readEnv, secretText } from '@meridian/telemetry';
import { z } from 'zod';

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);

/** More than a worker is known to hold on any GPU; it bounds what a session token can make it hold. */
export const SLOTS_MAX = 1_024;

/** As many as the control plane takes. */
const GPUS_MAX = 1_024;

/** Nobody waits longer for a process to end. */
const DRAIN_MS_MAX = 3_600_000;

const schema = z.object({
  REGION: name.describe('the id of this region, such as us-east'),
  WORKER_ID: name.describe('an id of its own for this worker, such as us-east-1'),
  HOST: z.string().default('127.0.0.1').describe('the address to listen on'),
  GRPC_PORT: portNumber.default(0),
  ADVERTISE_ADDRESS: hostPort.optional(),
  METRICS_PORT: portNumber.optional(),
  GPU_TYPE: name.default('h100').describe('the GPU type that this worker is priced as, such as h100'),
  MODEL_DIR: z.string().describe('a folder with a model.json, such as libs/world-model/models/gallery'),
  SLOTS: z.coerce
    .number()
    .int()
    .min(1)
    .max(SLOTS_MAX)
    .optional()
    .describe('a whole number of sessions from 1 to 1024, or nothing to have them measured'),
  GPUS: z.coerce
    .number()
    .int()
    .min(1)
    .max(GPUS_MAX)
    .default(1)
    .describe('a whole number of GPUs that this process spans, from 1 to 1024'),
  GPU_PURCHASE: z
    .enum(['on_demand', 'reserved', 'spot'])
    .default('on_demand')
    .describe('on_demand, reserved or spot, as those GPUs were bought'),
  CONTROL_PLANE_GRPC: hostPort,
  FLEET_SECRET: secretText,
  STEP_MS_MAX: milliseconds.default(1_500),
  DRAIN_MS: milliseconds
    .max(DRAIN_MS_MAX)
    .describe('a whole number of milliseconds from 1 to 3600000')
    .default(20_000),
});

export type Config = z.output<typeof schema>;

/**
 * `DRAIN_MS` is how long a worker that is told to end waits until its sessions have been moved.
 *
 * A step is given up after `STEP_MS_MAX`: less than the two seconds after which a gateway takes the worker for lost, so
 * that one bad step does not move the other sessions.
 *
 * @throws ConfigError
 */
export function readConfig(env?: Readonly<Record<string, string | undefined>>): Config {
  const config = readEnv(schema, env);
  const isWildcard = config.HOST === '0.0.0.0' || config.HOST === '::';
  if (isWildcard && config.ADVERTISE_ADDRESS === undefined) {
    throw new ConfigError(
      `ADVERTISE_ADDRESS is not set; with HOST ${config.HOST} set it to the host:port that gateways dial.`,
    );
  }
  return config;
}

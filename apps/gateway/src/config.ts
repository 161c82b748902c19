import { hostPort, milliseconds, portNumber, readEnv, secretText } from '@meridian/telemetry';
import { z } from 'zod';

const schema = z.object({
  REGION: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/)
    .describe('the id of this region, such as us-east'),
  HOST: z.string().default('127.0.0.1').describe('the address to listen on'),
  PORT: portNumber,
  GRPC_PORT: portNumber,
  CONTROL_PLANE_GRPC: hostPort,
  FLEET_SECRET: secretText,
  JWKS_URL: z.url({ protocol: /^https?$/ }).describe('the http(s) address of the control plane’s key set'),
  JWKS_CACHE_FILE: z.string().optional().describe('a file that may be written to'),
  TLS_CERT_FILE: z
    .string()
    .optional()
    .describe('a PEM file with the certificate chain; TLS_KEY_FILE goes with it'),
  TLS_KEY_FILE: z.string().optional().describe('a PEM file with the private key of TLS_CERT_FILE'),
  MAX_STREAMS: z.coerce.number().int().min(1).default(2_000).describe('a whole number of streams above 0'),
  MAX_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .default(4_000)
    .describe('a whole number of connections above 0'),
  STREAMS_PER_TOKEN_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .default(4)
    .describe('a whole number of open streams of one session and device above 0'),
  ACTIONS_PER_SECOND_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .default(120)
    .describe('a whole number of messages a second that a client may send, above 0'),
  CHECKPOINT_MEMORY_MB: z.coerce
    .number()
    .int()
    .min(1)
    .default(256)
    .describe('mebibytes for the checkpoints of all sessions, a whole number above 0'),
  STALL_MS: milliseconds.default(2_000),
  FIRST_MESSAGE_MS: milliseconds.default(5_000),
  MIGRATE_MS: milliseconds.default(25_000),
});

export type Config = z.output<typeof schema>;

/** Throws `ConfigError`. Defaults are those of a region with workers on the same network. */
export const readConfig = (env?: Readonly<Record<string, string | undefined>>): Config =>
  readEnv(schema, env);

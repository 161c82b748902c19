import { z } from 'zod';

/** `EX_CONFIG` of sysexits.h: the process was started with a wrong environment. */
export const EXIT_CONFIG = 78;

/** Its message is one sentence that names the variable and the fix, fit to be printed as it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export const portNumber = z.coerce
  .number()
  .int()
  .min(0)
  .max(65_535)
  .describe('a port number from 1 to 65535, or 0 for any free one');

export const milliseconds = z.coerce
  .number()
  .int()
  .min(1)
  .max(2_147_483_647)
  .describe('a whole number of milliseconds above 0');

export const hostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/)
  .describe('an address as host:port');

/** A secret shared by processes; long enough that it cannot be guessed. */
export const secretText = z.string().min(32).describe('a secret of at least 32 characters');

/**
 * Reads the environment through a zod object. Empty variables count as absent. Describe each field
 * (`.describe('a port number')`): the error says `PORT is "x"; set it to a port number.`
 * Throws `ConfigError`. Values of variables that may hold a secret are not repeated.
 */
export function readEnv<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): z.output<z.ZodObject<Shape>> {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  throw new ConfigError(sentence(schema, present, result.error.issues));
}

function sentence(
  schema: z.ZodObject,
  env: Record<string, string | undefined>,
  issues: readonly z.core.$ZodIssue[],
) {
  const names = [...new Set(issues.map((issue) => String(issue.path[0] ?? 'the environment')))];
  const [name = 'the environment', ...others] = names;
  const field: unknown = schema.shape[name];
  const wanted =
    (field instanceof z.ZodType && descriptionOf(field)) || issues[0]?.message || 'a valid value';
  const also = others.length > 0 ? ` (also wrong: ${others.join(', ')})` : '';
  return `${name} is ${valueOf(name, env)}; set it to ${wanted}${also}.`;
}

function valueOf(name: string, env: Record<string, string | undefined>): string {
  const value = env[name];
  if (value === undefined) return 'not set';
  return /SECRET|KEY|TOKEN|PASSWORD|URL/.test(name) ? 'not valid' : `"${value.slice(0, 80)}"`;
}

/** `.default()` and `.optional()` wrap the described type; the description inside is still the one to show. */
function descriptionOf(field: z.ZodType): string | undefined {
  if (field.description) return field.description;
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) {
    const inner: unknown = field.def.innerType;
    return inner instanceof z.ZodType ? descriptionOf(inner) : undefined;
  }
  return undefined;
}

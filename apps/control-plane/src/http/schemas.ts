// Shapes that several resources share. A schema with an `id` becomes a component of the OpenAPI document.
import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from './problem.ts';

export const IsoTime = z.iso
  .datetime()
  .meta({ description: 'ISO 8601, UTC', example: '2026-11-22T17:30:00.000Z' });

export const Nano = z
  .string()
  .regex(/^-?\d+$/)
  .meta({ description: 'Whole nano-units of the currency, as a string', example: '120000000' });

export const Currency = z
  .string()
  .regex(/^[A-Z]{3}$/, 'must be a currency code of three capitals, such as GBP')
  .meta({ description: 'ISO 4217', example: 'GBP' });

export const SessionIdText = z
  .string()
  .regex(/^ses_[a-z2-7]{26}$/)
  .meta({ example: 'ses_2f6yk3qjwx5nb7dtc4hzmlpasr' });
export const TenantIdText = z
  .string()
  .regex(/^ten_[a-z2-7]{1,52}$/)
  .meta({ example: 'ten_b7dtc4hzmlpasr2f6yk3qjwx5n' });
export const ApiKeyIdText = z
  .string()
  .regex(/^key_[a-z2-7]{1,52}$/)
  .meta({ example: 'key_x5nb7dtc4hzmlpasr2f6yk3qjw' });

export const RegionIdText = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a region id such as us-east')
  .meta({ example: 'us-east' });

/** Names that people read: no control characters, so that logs and tables stay in one piece. */
export const Name = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}]*$/u, 'must have no control characters')
  .meta({ example: 'Arcade' });

export const ProblemDocument = z
  .object({
    type: z.string().meta({ example: 'urn:meridian:problem:invalid_request' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'A sentence for a person' }),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    errors: z.array(z.object({ field: z.string(), message: z.string(), fix: z.string() })).optional(),
    traceId: z.string().meta({ description: 'Quote it when you report the problem' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457)' });

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Leaves out what is undefined, for types whose optional fields are either present or absent. */
export function defined<T extends object>(value: T): Partial<Defined<T>> {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<
    Defined<T>
  >;
}

export const toIso = (unixMs: number): string => new Date(unixMs).toISOString();

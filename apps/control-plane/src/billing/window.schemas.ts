// The window that a question is about, and how its answer is cut and written.
import { z } from 'zod';
import { IsoTime } from '../http/schemas.ts';

export const INTERVALS = ['hour', 'day', 'month', 'none'] as const;

export const Interval = z
  .enum(INTERVALS)
  .meta({ description: 'Length of a bucket; `none` makes one of the whole window' });

export const TimeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone such as Europe/London')
  .meta({ description: 'IANA time zone in which days and months begin', example: 'Europe/London' });

export const Format = z
  .enum(['json', 'csv'])
  .optional()
  .meta({ description: 'As `Accept` says when absent: `text/csv` for CSV, else JSON' });

/** Times are moved outwards to whole UTC hours: usage is added up by the hour. */
export const WindowFields = {
  from: IsoTime.optional().meta({ description: 'A day before `to` when absent; moved back to a whole hour' }),
  to: IsoTime.optional().meta({ description: 'Now when absent; moved on to a whole hour' }),
};

export const WindowQuery = z.strictObject({ ...WindowFields, format: Format });

/** Names separated by commas, each once. */
export const namesOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z
    .string()
    .max(200)
    .transform((text) => [...new Set(text.split(',').filter((name) => name !== ''))])
    .pipe(z.array(z.enum(names)))
    .optional()
    .meta({ description: `Names separated by commas out of ${names.join(', ')}` });

function isTimeZone(name: string): boolean {
  // Offsets such as +01:00 would be taken too, but they name no rules for the summer.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

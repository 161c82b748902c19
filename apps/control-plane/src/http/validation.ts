import type { PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { Problem, type FieldError } from './problem.ts';

/** Checks a body, a query or a parameter against its schema and answers with what the schema makes of it. */
export class Valid<Schema extends z.ZodType> implements PipeTransform<unknown, z.output<Schema>> {
  readonly #schema: Schema;
  readonly #part: string;

  /** `part` names the value itself in an error: `body`, `query`, or the name of a parameter. */
  constructor(schema: Schema, part = 'body') {
    this.#schema = schema;
    this.#part = part;
  }

  transform(value: unknown): z.output<Schema> {
    const result = this.#schema.safeParse(value);
    if (result.success) return result.data;
    throw invalid(result.error.issues.flatMap((issue) => toFieldErrors(issue, this.#part, value)));
  }
}

export function invalid(errors: readonly FieldError[]): Problem {
  const fields = [...new Set(errors.map((error) => error.field))];
  return new Problem('invalid_request', `Correct ${fields.slice(0, 5).join(', ')}.`, { errors });
}

/** One issue may name several unknown fields; each becomes an error of its own. */
export function toFieldErrors(issue: z.core.$ZodIssue, part: string, input: unknown): readonly FieldError[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: shorten([...path, key].join('.')),
      message: 'is not a field that is read here',
      fix: 'remove it, or check its spelling',
    }));
  }
  const field = shorten(path.join('.') || part);
  if (issue.code === 'invalid_type' && at(input, issue.path) === undefined) {
    return [{ field, message: 'is missing', fix: `add ${field} (${issue.expected})` }];
  }
  return [{ field, message: lowerFirst(issue.message), fix: fixFor(issue) }];
}

function fixFor(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `send a value of type ${issue.expected}`;
    case 'too_small':
      return `use at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return `use at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return `use one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'use another name';
    default:
      return lowerFirst(issue.message);
  }
}

const unitOf = (origin: string): string =>
  origin === 'string' ? ' characters' : origin === 'number' || origin === 'int' ? '' : ' entries';

function at(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    input,
  );
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** Field names come from the caller; an answer does not repeat megabytes of them. */
const shorten = (field: string): string => (field.length <= 100 ? field : `${field.slice(0, 100)}...`);

import { describe, expect, it } from '@jest/globals';
import { CreateTenant } from '../admin/admin.schemas.ts';
import { IdempotencyKey, OpenSession } from '../sessions/session.schemas.ts';
import { Problem, type FieldError } from './problem.ts';
import { Valid } from './validation.ts';

function errorsOf(schema: typeof OpenSession | typeof CreateTenant | typeof IdempotencyKey, input: unknown) {
  try {
    new Valid(schema, 'body').transform(input);
    return [];
  } catch (error) {
    if (error instanceof Problem) return error.parts.errors ?? [];
    throw error;
  }
}

const fields = (errors: readonly FieldError[]) => errors.map(({ field }) => field);

const entries = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));

describe('validation of an open', () => {
  it('takes what is right', () => {
    const body = {
      model: 'gallery',
      rttMs: { 'us-east': 12.5, 'eu-west': 0 },
      residency: 'eu',
      maxRttMs: 80,
      metadata: { player: 'p-17', note: 'été\nline two' },
    };
    expect(new Valid(OpenSession).transform(body)).toEqual(body);
  });

  it.each([
    ['no body', undefined, ['body']],
    ['a list', [], ['body']],
    ['no model', {}, ['model']],
    ['an unknown field', { model: 'gallery', modle: 1 }, ['modle']],
    ['a negative RTT', { model: 'gallery', rttMs: { 'us-east': -1 } }, ['rttMs.us-east']],
    ['an absurd RTT', { model: 'gallery', rttMs: { 'us-east': 10_001 } }, ['rttMs.us-east']],
    ['an RTT in words', { model: 'gallery', rttMs: { 'us-east': 'fast' } }, ['rttMs.us-east']],
    ['an RTT for no region', { model: 'gallery', rttMs: { '../etc': 1 } }, ['rttMs.../etc']],
    ['an impossible residency', { model: 'gallery', residency: 'moon' }, ['residency']],
    ['too many metadata entries', { model: 'gallery', metadata: entries(17) }, ['metadata']],
    [
      'a long metadata key',
      { model: 'gallery', metadata: { ['k'.repeat(65)]: 'v' } },
      [`metadata.${'k'.repeat(65)}`],
    ],
    ['a long metadata value', { model: 'gallery', metadata: { k: 'v'.repeat(513) } }, ['metadata.k']],
    [
      'a metadata value long in bytes only',
      { model: 'gallery', metadata: { k: 'é'.repeat(257) } },
      ['metadata.k'],
    ],
    ['metadata that is no text', { model: 'gallery', metadata: { k: 1 } }, ['metadata.k']],
    ['NUL in metadata', { model: 'gallery', metadata: { k: '\0' } }, ['metadata.k']],
    ['half a surrogate pair', { model: 'gallery', metadata: { k: '\ud800' } }, ['metadata.k']],
  ])('refuses %s, naming the field', (_what, body, expected) => {
    expect(fields(errorsOf(OpenSession, body))).toEqual(expected);
  });

  it('says what would be right', () => {
    expect(errorsOf(OpenSession, { model: 'gallery', residency: 'moon', rttMs: { a: -1 } })).toEqual([
      { field: 'rttMs.a', message: expect.any(String), fix: 'use at least 0' },
      { field: 'residency', message: expect.any(String), fix: 'use one of us, eu' },
    ]);
    expect(errorsOf(OpenSession, {})[0]).toEqual({
      field: 'model',
      message: 'is missing',
      fix: 'add model (string)',
    });
  });

  it('does not repeat megabytes', () => {
    const [error] = errorsOf(OpenSession, { model: 'gallery', ['x'.repeat(50_000)]: 1 });
    expect(error?.field.length).toBeLessThan(120);
  });
});

describe('other checks', () => {
  it.each([
    ['visible', true],
    ['', false],
    ['two words', false],
    ['x'.repeat(129), false],
    [undefined, true],
  ])('idempotency key %j: %j', (key, right) =>
    expect(errorsOf(IdempotencyKey, key).length === 0).toBe(right),
  );

  it('keeps control characters out of names', () => {
    expect(fields(errorsOf(CreateTenant, { name: 'a\u001b[31m' }))).toEqual(['name']);
  });
});

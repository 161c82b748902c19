import { describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { StatusError, fromTrailers, statusOf, toTrailers } from './status.ts';

describe('trailers', () => {
  it('carry any sentence there and back', () => {
    const text = fc.string({ unit: 'grapheme' }).map((value) => value.toWellFormed());
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 16 }), text, (code, message) => {
        const sent = { code, message, meridianCode: 'token_reused' };
        const headers = new Map(toTrailers(sent));
        expect(headers.get('grpc-message') ?? '').toMatch(/^[\x20-\x7e]*$/);
        expect(fromTrailers(headers)).toEqual(sent);
      }),
    );
  });

  it('without a status are none', () => {
    expect(fromTrailers(new Map([['content-type', 'application/grpc']]))).toBeUndefined();
  });
});

it('says nothing of a bug to a peer', () => {
  expect(statusOf(new TypeError('x is not a function')).code).toBe(status.INTERNAL);
  expect(statusOf(new StatusError(status.ABORTED, 'taken over')).code).toBe(status.ABORTED);
});

import { describe, expect, it } from '@jest/globals';
import { status } from '@grpc/grpc-js';
import { readSubprotocols } from './subprotocols.ts';
import { closeOf } from './ws-client-stream.ts';

describe('readSubprotocols', () => {
  it('finds what gRPC has in its metadata', () => {
    expect(readSubprotocols('meridian.v1, token.a.b.c,client.KEY , trace.00-1-2-01')).toEqual({
      sessionToken: 'a.b.c',
      clientKey: 'KEY',
      traceparent: '00-1-2-01',
    });
  });

  it('wants meridian.v1', () => {
    expect(readSubprotocols('token.a.b.c')).toBeUndefined();
    expect(readSubprotocols(undefined)).toBeUndefined();
  });
});

describe('closeOf', () => {
  it.each([
    [{ code: status.OK, message: '' }, [1000, '']],
    [{ code: status.UNAUTHENTICATED, message: 'x', meridianCode: 'claim_expired' }, [4016, 'claim_expired']],
    [
      { code: status.UNAVAILABLE, message: 'x', meridianCode: 'gateway_stopping' },
      [1012, 'gateway_stopping'],
    ],
    [{ code: status.INTERNAL, message: 'x' }, [4013, 'internal']],
  ])('of %j', (end, close) => {
    expect(closeOf(end)).toEqual(close);
  });
});

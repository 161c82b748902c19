import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { checkSignature, signatureHeaders, type Mac } from './signature.ts';

const mac: Mac = (key, text) =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
/** The example of the Standard Webhooks libraries. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const MESSAGE = {
  eventId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  atS: 1614265330,
  body: '{"test": 2432232314}',
};
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';

describe('signatureHeaders', () => {
  it('signs as the libraries of Standard Webhooks expect', () => {
    expect(signatureHeaders(MESSAGE, SECRET, mac)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': SIGNATURE,
    });
  });
});

describe('checkSignature', () => {
  const check = (over: Partial<typeof MESSAGE> = {}, signatures = SIGNATURE, nowS = MESSAGE.atS) =>
    checkSignature({ ...MESSAGE, ...over }, signatures, SECRET, nowS, mac);

  it('takes the signature of this message, also beside one of another secret', () => {
    expect(check()).toBe('valid');
    expect(check({}, `v1,AAAA ${SIGNATURE}`)).toBe('valid');
  });

  it.each([
    ['another body', { body: '{"test": 2432232315}' }],
    ['another id', { eventId: 'msg_other' }],
    ['another time', { atS: MESSAGE.atS + 1 }],
  ])('refuses %s', (_what, over) => expect(check(over)).toBe('wrong'));

  it('refuses another secret, another scheme and nothing', () => {
    expect(checkSignature(MESSAGE, SIGNATURE, 'whsec_AAAA', MESSAGE.atS, mac)).toBe('wrong');
    expect(check({}, SIGNATURE.replace('v1', 'v2'))).toBe('wrong');
    expect(check({}, '')).toBe('wrong');
  });

  it('refuses what is more than five minutes off', () => {
    expect(check({}, SIGNATURE, MESSAGE.atS + 300)).toBe('valid');
    expect(check({}, SIGNATURE, MESSAGE.atS + 301)).toBe('too_old');
    expect(check({}, SIGNATURE, MESSAGE.atS - 301)).toBe('too_new');
  });
});

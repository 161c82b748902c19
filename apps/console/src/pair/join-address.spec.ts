import { expect, it } from '@jest/globals';
import { isLoopback, joinAddress } from './join-address.ts';

it('is of the page’s own origin', () => {
  expect(joinAddress('https://play.example.org', 'K7QF-3MXN')).toBe(
    'https://play.example.org/join#K7QF-3MXN',
  );
});

it.each([
  ['localhost', true],
  ['meridian.localhost', true],
  ['127.0.0.1', true],
  ['127.1.2.3', true],
  ['[::1]', true],
  ['192.168.1.20', false],
  ['127.example.org', false],
  ['play.example.org', false],
])('tells whether %s is this machine to whoever asks: %p', (hostname, loopback) => {
  expect(isLoopback(hostname)).toBe(loopback);
});

import { expect, it } from '@jest/globals';
import { playPageCsp } from './security-headers.ts';

it('lets the play page reach its gateways, by HTTP for pings and by WebSocket for streams, and nothing else', () => {
  const csp = playPageCsp([
    { gatewayUrl: 'http://127.0.0.1:4410' },
    { gatewayUrl: 'https://eu.example.org/some/path' },
  ]);
  expect(csp).toContain(
    "connect-src 'self' http://127.0.0.1:4410 ws://127.0.0.1:4410 https://eu.example.org wss://eu.example.org;",
  );
  expect(csp).toContain("default-src 'self'");
});

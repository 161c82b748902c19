import { expect, it } from '@jest/globals';
import { playPageCsp } from './security-headers.ts';

const at = (url: string) => ({ url, grpc: 'gateway.example.org:4411' });

it('lets the play page reach its gateways, by HTTP for pings and by WebSocket for streams, and nothing else', () => {
  const csp = playPageCsp([
    { gateways: [at('http://127.0.0.1:4410'), at('http://127.0.0.1:4412')] },
    { gateways: [at('https://eu.example.org/some/path')] },
  ]);
  expect(csp).toContain(
    "connect-src 'self' http://127.0.0.1:4410 ws://127.0.0.1:4410 http://127.0.0.1:4412 ws://127.0.0.1:4412 https://eu.example.org wss://eu.example.org;",
  );
  expect(csp).toContain("default-src 'self'");
});

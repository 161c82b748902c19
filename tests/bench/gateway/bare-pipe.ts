// The peer that is always there: node:http2 on both sides and nothing in between. It knows no messages, checks no token,
// and lets a slow client hold its worker up.
import { connect, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';

const upstream = connect(process.argv[2] ?? '', { settings: { initialWindowSize: 1024 * 1024 } });
upstream.once('connect', () => upstream.setLocalWindowSize(16 * 1024 * 1024));

const server = createServer();
server.on('session', (session) => session.on('error', () => undefined));
server.on('stream', (client, headers) => {
  const path = headers[':path'] ?? '/';
  const worker = upstream.request({ ':method': 'POST', ':path': path, te: 'trailers' }, { endStream: false });
  client.respond({ ':status': 200, 'content-type': 'application/grpc+proto' });
  client.on('error', () => undefined).once('close', () => worker.close());
  worker.on('error', () => undefined);
  worker.pipe(client).pipe(worker);
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());

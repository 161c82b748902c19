// Both ports with TLS, as clients in other languages would come in.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import { PlayResponse } from '@meridian/protocol';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { readConfig } from './config.ts';
import { createLogger } from '@meridian/telemetry';
import { startGateway, type Gateway } from './gateway.ts';
import { WebSocket } from 'ws';
import { until } from './testing/clients.ts';
import { FakeControlPlane, SECRET } from './testing/fake-control-plane.ts';
import { FakeWorker } from './testing/fake-worker.ts';
import { selfSigned } from './testing/self-signed.ts';
import { KEY, plan } from './testing/test-gateway.ts';

const asIs = (bytes: Buffer): Buffer => bytes;

let folder: string;
let cert: string;
let plane: FakeControlPlane;
let gateway: Gateway;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-tls-'));
  const pair = selfSigned();
  cert = pair.cert;
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, pair.cert);
  writeFileSync(keyFile, pair.key);
  plane = await FakeControlPlane.start();
  gateway = await startGateway(
    readConfig({
      REGION: 'us-east',
      PORT: '0',
      GRPC_PORT: '0',
      CONTROL_PLANE_GRPC: plane.grpcAddress,
      FLEET_SECRET: SECRET,
      JWKS_URL: plane.jwksUrl,
      TLS_CERT_FILE: certFile,
      TLS_KEY_FILE: keyFile,
    }),
    createLogger('gateway'),
  );
});

afterEach(async () => {
  await gateway.close();
  plane.goAway();
  rmSync(folder, { recursive: true, force: true });
});

it('carries a session over TLS, gRPC and WebSocket, and speaks nothing else there', async () => {
  const worker = await FakeWorker.start();
  const numbers: number[] = [];
  const take = (bytes: Buffer) => {
    const { message } = PlayResponse.decode(bytes);
    if (message?.$case === 'frame') numbers.push(message.value.number);
  };

  const client = new Client(
    `localhost:${String(gateway.grpcPort)}`,
    credentials.createSsl(Buffer.from(cert)),
  );
  const metadata = new Metadata();
  metadata.set('meridian-client-key', KEY);
  metadata.set('authorization', `Bearer ${await plane.token(plan(worker))}`);
  const call = client.makeBidiStreamRequest(
    '/meridian.public.v1.SessionStreamService/Play',
    asIs,
    asIs,
    metadata,
  );
  call.on('data', take);
  call.on('error', () => undefined);
  await until(() => numbers.length > 5);
  call.cancel();

  const overGrpc = numbers.length;
  const token = await plane.token(plan(worker, { sessionId: 'ses_2' }));
  const protocols = ['meridian.v1', `client.${KEY}`, `token.${token}`];
  const socket = new WebSocket(`wss://localhost:${String(gateway.port)}/v1/play`, protocols, { ca: cert });
  socket.on('message', take);
  await until(() => numbers.length > overGrpc + 5);
  socket.terminate();

  await expect(fetch(`http://localhost:${String(gateway.port)}/readyz`)).rejects.toThrow();
  client.close();
  worker.kill();
});

describe('a connection with TLS is closed', () => {
  const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  const SETTINGS = Buffer.from('000000040000000000', 'hex');
  let below: Socket;
  let client: TLSSocket;

  beforeEach(async () => {
    below = connectTcp(gateway.grpcPort, '127.0.0.1');
    client = connectTls({ socket: below, ca: cert, servername: 'localhost', ALPNProtocols: ['h2'] });
    client.on('error', () => undefined).resume();
    await once(client, 'secureConnect');
    client.write(Buffer.concat([PREFACE, SETTINGS]));
    await once(client, 'data');
  });

  it('when the client breaks it off in the middle of a frame', async () => {
    client.end(Buffer.from('00400000', 'hex'));
    await once(client, 'close');
    expect(client.destroyed).toBe(true);
  });

  it('when the client speaks no HTTP/2 any more, with the reason said', async () => {
    const said: Buffer[] = [];
    client.on('data', (chunk: Buffer) => said.push(chunk));
    client.write(Buffer.from('00000406000000000000000000', 'hex'));
    await once(client, 'close');
    expect(Buffer.concat(said).includes('PING of 4 bytes')).toBe(true);
  });

  it('when what comes is no TLS any more', async () => {
    below.write('no record of TLS begins like this');
    await until(() => client.destroyed);
    expect(client.destroyed).toBe(true);
  });

  it('by the gateway when it ends', async () => {
    const closed = once(client, 'close');
    await gateway.close();
    await closed;
    expect(client.destroyed).toBe(true);
  });
});

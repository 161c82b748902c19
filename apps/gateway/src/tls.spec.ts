// Both ports with TLS, as clients in other languages would come in.
import { expect, it } from '@jest/globals';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import { PlayResponse } from '@meridian/protocol';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from './config.ts';
import { createLogger } from '@meridian/telemetry';
import { startGateway } from './gateway.ts';
import { WebSocket } from 'ws';
import { until } from './testing/clients.ts';
import { FakeControlPlane, SECRET } from './testing/fake-control-plane.ts';
import { FakeWorker } from './testing/fake-worker.ts';
import { selfSigned } from './testing/self-signed.ts';
import { KEY, plan } from './testing/test-gateway.ts';

const asIs = (bytes: Buffer): Buffer => bytes;

it('carries a session over TLS, gRPC and WebSocket, and speaks nothing else there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-tls-'));
  const { cert, key } = selfSigned();
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  const plane = await FakeControlPlane.start();
  const worker = await FakeWorker.start();
  const gateway = await startGateway(
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
  await gateway.close();
  worker.kill();
  plane.goAway();
  rmSync(folder, { recursive: true, force: true });
});

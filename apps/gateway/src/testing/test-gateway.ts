// What the gateway's specs have in common: a gateway between fakes, one session's token, and how a stream reads.
import { PlayRequest, type Action } from '@meridian/protocol';
import { createLogger } from '@meridian/telemetry';
import { readConfig } from '../config.ts';
import { startGateway, type Gateway } from '../gateway.ts';
import type { Arrivals } from '../relay/arrivals.ts';
import { frames, notices, type TestClient } from './clients.ts';
import { SECRET, type FakeControlPlane, type TokenPlan } from './fake-control-plane.ts';
import type { FakeWorker } from './fake-worker.ts';

export const KEY = 'the-key-of-one-client';
export const SESSION = 'ses_1';

/** Resolves when it is ready. */
export async function startTestGateway(
  plane: FakeControlPlane,
  env: Readonly<Record<string, string>> = {},
  arrivals?: Arrivals,
): Promise<Gateway> {
  const gateway = await startGateway(
    readConfig({
      REGION: 'us-east',
      PORT: '0',
      GRPC_PORT: '0',
      CONTROL_PLANE_GRPC: plane.grpcAddress,
      FLEET_SECRET: SECRET,
      JWKS_URL: plane.jwksUrl,
      STALL_MS: '1000',
      ...env,
    }),
    createLogger('gateway'),
    arrivals,
  );
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${String(gateway.port)}/readyz`);
    if (response.ok) return gateway;
  }
}

/** A metric of the gateway, summed over its labels, or over those in which `labels` is found. */
export async function metric({ port }: Gateway, name: string, labels = ''): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text();
  const lines = [...text.matchAll(new RegExp(`^meridian_gateway_${name}\\{(.*)\\} (\\d+)$`, 'gm'))];
  return lines
    .filter(([, said = '']) => new RegExp(labels).test(said))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}

export const plan = (of: FakeWorker, other: Partial<TokenPlan> = {}): TokenPlan => ({
  sessionId: SESSION,
  workerId: 'us-east-1',
  workerAddress: of.address,
  epoch: 1,
  region: 'us-east',
  expiresInS: 600,
  ...other,
});

export const action = (seq: number): Action => ({
  seq,
  clientTimeUs: 1,
  buttons: ['sprint'],
  axes: { yaw: 0.5 },
  text: '',
});

export const encodeRequest = (message: PlayRequest['message']): Uint8Array =>
  PlayRequest.encode({ message, device: 0, gatewayReceivedUs: 0 }).finish();

export const actionMessage = (seq: number): Uint8Array =>
  encodeRequest({ $case: 'action', value: action(seq) });

export const numbers = (client: TestClient) => frames(client).map(({ number }) => number);
export const kinds = (client: TestClient) => notices(client).map(({ kind }) => kind);
export const rises = (values: readonly number[]) =>
  values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0));

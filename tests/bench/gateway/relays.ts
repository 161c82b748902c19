// The gateway and what else runs between source and users, each a process of its own.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface Relay {
  readonly pid: number;
  readonly grpcPort: number;
  /** Of WebSockets; only the gateway has it. */
  readonly port: number;
  close(): void;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** A script of this folder that tells its port by IPC. */
export async function startScript(file: string, ...args: string[]): Promise<Relay> {
  const child = fork(here(file), args);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return { ...relayOf(child), port, grpcPort: port };
}

export interface GatewayPlan {
  readonly jwksUrl: string;
  readonly controlPlane: string;
  readonly secret: string;
  readonly ports: readonly [number, number];
  readonly env?: Readonly<Record<string, string>>;
}

export async function startGateway(plan: GatewayPlan): Promise<Relay> {
  const { jwksUrl, controlPlane, secret, ports, env } = plan;
  const [port, grpcPort] = ports;
  const child = spawn(process.execPath, [here('../../../apps/gateway/dist/main.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      REGION: 'us-east',
      PORT: String(port),
      GRPC_PORT: String(grpcPort),
      CONTROL_PLANE_GRPC: controlPlane,
      JWKS_URL: jwksUrl,
      FLEET_SECRET: secret,
      LOG_LEVEL: 'error',
      ...env,
    },
  });
  // Of the two schemes only one is spoken; that the port answers at all is enough, since keys come before it opens.
  await answering(child, () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      (error: unknown) =>
        env?.['TLS_CERT_FILE'] !== undefined && !String((error as Error).cause).includes('REFUSED'),
    ),
  );
  return { ...relayOf(child), port, grpcPort };
}

export function relayOf(child: ChildProcess) {
  const close = () => void child.kill();
  process.once('exit', close);
  return { pid: child.pid ?? 0, close };
}

export async function answering(child: ChildProcess, ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300 && child.exitCode === null; tries += 1) {
    if (await ask().catch(() => false)) return;
    await delay(100);
  }
  throw new Error('a relay did not start');
}

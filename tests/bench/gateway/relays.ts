// The programs that are compared, each a process of its own between the same source and the same users.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
}

export async function startGateway({ jwksUrl, controlPlane, secret, ports }: GatewayPlan): Promise<Relay> {
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
      LOG_LEVEL: 'warn',
    },
  });
  await answering(child, async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok);
  return { ...relayOf(child), port, grpcPort };
}

/** Undefined when nginx is not installed. One worker process; its defaults otherwise. */
export async function startNginx(source: number, port: number): Promise<Relay | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-nginx-'));
  const conf = join(folder, 'nginx.conf');
  writeFileSync(conf, nginxConf(folder, source, port));
  const child = spawn('nginx', ['-c', conf, '-p', folder, '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
  });
  const cleanUp = () => rmSync(folder, { recursive: true, force: true });
  try {
    await once(child, 'spawn');
    await answering(child, () => accepts(port));
  } catch {
    child.kill();
    cleanUp();
    return undefined;
  }
  child.once('exit', cleanUp);
  return { ...relayOf(child), port, grpcPort: port };
}

const nginxConf = (folder: string, source: number, port: number) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} http2;
    location / { grpc_pass grpc://127.0.0.1:${source}; grpc_read_timeout 1h; }
  }
}
`;

function relayOf(child: ChildProcess) {
  const close = () => void child.kill();
  process.once('exit', close);
  return { pid: child.pid ?? 0, close };
}

async function answering(child: ChildProcess, ask: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100 && child.exitCode === null; tries += 1) {
    if (await ask().catch(() => false)) return;
    await delay(100);
  }
  throw new Error('a relay did not start');
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

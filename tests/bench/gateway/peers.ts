// C proxies between the same source and the same users: one thread each, their defaults otherwise.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answering, relayOf, type Relay } from './relays.ts';

export interface PeerPlan {
  readonly source: number;
  readonly port: number;
  /** A PEM file with key and certificate; undefined: no TLS. */
  readonly pem: string | undefined;
}

type ConfigOf = (folder: string, plan: PeerPlan) => string;

/** Undefined when nginx is not installed. */
export const startNginx = (plan: PeerPlan) =>
  startPeer('nginx', (folder, conf) => ['-c', conf, '-p', folder, '-e', join(folder, 'e')], nginxConf, plan);

/** Undefined when HAProxy is not installed. */
export const startHaproxy = (plan: PeerPlan) =>
  startPeer('haproxy', (_folder, conf) => ['-db', '-f', conf], haproxyConf, plan);

async function startPeer(
  program: string,
  args: (folder: string, conf: string) => string[],
  configOf: ConfigOf,
  plan: PeerPlan,
): Promise<Relay | undefined> {
  const folder = mkdtempSync(join(tmpdir(), `meridian-${program}-`));
  const conf = join(folder, 'conf');
  writeFileSync(conf, configOf(folder, plan));
  const child = spawn(program, args(folder, conf), { stdio: 'ignore' });
  const cleanUp = () => rmSync(folder, { recursive: true, force: true });
  try {
    await once(child, 'spawn');
    await answering(child, () => accepts(plan.port));
  } catch {
    child.kill();
    cleanUp();
    return undefined;
  }
  child.once('exit', cleanUp);
  return { ...relayOf(child), port: plan.port, grpcPort: plan.port };
}

const nginxConf: ConfigOf = (folder, { source, port, pem }) => `
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port} ${pem ? 'ssl ' : ''}http2;
    ${pem ? `ssl_certificate ${pem}; ssl_certificate_key ${pem};` : ''}
    location / { grpc_pass grpc://127.0.0.1:${source}; grpc_read_timeout 1h; }
  }
}
`;

const haproxyConf: ConfigOf = (_folder, { source, port, pem }) => `
global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend users
  bind 127.0.0.1:${port} ${pem ? `ssl crt ${pem} alpn h2` : 'proto h2'}
  default_backend workers
backend workers
  server source 127.0.0.1:${source} proto h2
`;

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

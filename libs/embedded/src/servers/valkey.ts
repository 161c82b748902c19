import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import type { ProcessSpec } from '../supervisor/supervised-process.ts';
import { HOST } from '../system/ports.ts';

export interface ValkeyOptions {
  readonly name: string;
  readonly binary: string;
  readonly folder: string;
  readonly port: number;
  readonly password: string;
}

export const redisUrl = ({ port, password }: Pick<ValkeyOptions, 'port' | 'password'>): string =>
  `redis://:${password}@${HOST}:${port}`;

/** One region's store. Its append-only file survives a `kill -9`; a torn last entry is cut off at the start. */
export function valkeySpec({ name, binary, folder, port, password }: ValkeyOptions): ProcessSpec {
  mkdirSync(folder, { recursive: true });
  const settings = path.join(folder, 'valkey.conf');
  // In a file because a command line is readable by everyone on the machine.
  writeFileSync(settings, configText(folder, port, password), { mode: 0o600 });
  return {
    name,
    file: binary,
    args: [settings],
    env: { ...process.env },
    ready: () => answersPing(port, password),
    stopSignal: 'SIGTERM',
    stopStage: 3,
  };
}

const configText = (folder: string, port: number, password: string) =>
  [
    `port ${port}`,
    `bind ${HOST}`,
    `requirepass ${password}`,
    `dir "${folder}"`,
    'daemonize no',
    'appendonly yes',
    'appendfsync everysec',
    'aof-load-truncated yes',
    'save ""',
    // BullMQ and the leases must never lose a key to make room for another.
    'maxmemory-policy noeviction',
    '',
  ].join('\n');

/** False also while the server loads its file. */
function answersPing(port: number, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST });
    let heard = '';
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('connect', () => socket.write(`AUTH ${password}\r\nPING\r\n`));
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (heard.split('\r\n').length > 2) socket.destroy();
    });
    socket.once('close', () => resolve(heard.includes('+PONG')));
  });
}

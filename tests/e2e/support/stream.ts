// A raw WebSocket stream, for what the SDK would never send.

import { request as httpRequest } from 'node:http';
import { WebSocket } from 'ws';
import type { Session } from '@meridian/sdk';

export interface RawStream {
  readonly socket: WebSocket;
  /** Resolves with the close code and reason. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Resolves with the first binary message. */
  readonly firstMessage: Promise<Buffer>;
}

export const protocols = (token: string | undefined, clientKey = 'c'.repeat(24)): string[] => [
  'meridian.v1',
  ...(token === undefined ? [] : [`token.${token}`]),
  `client.${clientKey}`,
];

/** What a session that can be streamed is streamed with. */
export function connectionOf(session: Session): NonNullable<Session['connection']> {
  if (session.connection) return session.connection;
  throw new Error(`Session ${session.id} is ${session.state} and has no connection.`);
}

export function openStream(streamUrl: string, offered: string[]): Promise<RawStream> {
  const socket = new WebSocket(streamUrl, offered);
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  const firstMessage = new Promise<Buffer>((resolve) => {
    socket.once('message', (data) => resolve(data as Buffer));
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve({ socket, closed, firstMessage }));
    socket.once('error', reject);
  });
}

/** The refusal of an upgrade: the HTTP status and the problem's code. */
export function refusedUpgrade(
  streamUrl: string,
  offered: string[],
): Promise<{ readonly status: number; readonly code: string }> {
  const url = streamUrl.replace(/^ws/, 'http');
  return new Promise((resolve, reject) => {
    const upgrade = httpRequest(url, {
      headers: {
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        'sec-websocket-protocol': offered.join(', '),
      },
    });
    upgrade.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        const { code } = JSON.parse(Buffer.concat(chunks).toString()) as { code: string };
        resolve({ status: response.statusCode ?? 0, code });
      });
    });
    upgrade.once('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new Error('The stream was accepted.'));
    });
    upgrade.once('error', reject);
    upgrade.end();
  });
}

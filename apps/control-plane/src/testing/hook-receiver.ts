import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TlsPair } from './self-signed.ts';

export interface ReceivedHook {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface HookReceiver {
  readonly port: number;
  readonly received: readonly ReceivedHook[];
  /** Answers 204 until told otherwise. */
  answer: (hook: ReceivedHook, reply: ServerResponse) => void;
  /** Resolves once so many have come. */
  reach(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A real server on this machine that is posted to. */
export async function startHookReceiver(tls?: TlsPair): Promise<HookReceiver> {
  const received: ReceivedHook[] = [];
  let onReceived: () => void = () => undefined;
  const handle = (request: IncomingMessage, reply: ServerResponse): void => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      const hook = { path: request.url ?? '', headers: request.headers, body };
      received.push(hook);
      receiver.answer(hook, reply);
      onReceived();
    });
  };
  const server = tls ? createTlsServer(tls, handle) : createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: HookReceiver = {
    port: (server.address() as AddressInfo).port,
    received,
    answer: (_hook, reply) => void reply.writeHead(204).end(),
    reach: (count) =>
      new Promise((resolve) => {
        onReceived = () => received.length >= count && resolve();
        onReceived();
      }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

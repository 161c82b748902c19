import { once } from 'node:events';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Message } from '../sessions/session-events.ts';

const HEARTBEAT_MS = 15_000;

/**
 * Writes messages as server-sent events and waits for a slow client, so that at most one tick of them is in memory.
 * When the client goes away, `abort` is called, which ends the messages and frees what they hold.
 */
export async function sendEventStream(
  request: FastifyRequest,
  reply: FastifyReply,
  abort: AbortController,
  messages: AsyncIterable<Message | undefined>,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.once('close', () => abort.abort());
  raw.on('error', () => abort.abort());
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  raw.flushHeaders();
  const heartbeat = setInterval(() => raw.writableNeedDrain || raw.write(':\n\n'), HEARTBEAT_MS);
  try {
    for await (const message of messages) {
      if (abort.signal.aborted) break;
      if (message && !raw.write(format(message))) await once(raw, 'drain', { signal: abort.signal });
    }
    raw.end();
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    clearInterval(heartbeat);
    abort.abort();
    if (!raw.writableEnded) raw.destroy();
    request.raw.resume();
  }
}

const format = ({ id, event, data }: Message): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

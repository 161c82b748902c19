import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Message } from '../sessions/session-events.ts';

const HEARTBEAT_MS = 15_000;

/**
 * Writes messages as server-sent events and waits for a slow client, so that at most one tick of them is in memory.
 * When the client goes away, `abort` is called, which ends the messages and frees what they hold.
 */
export async function sendEventStream(
  raw: ServerResponse,
  headers: Readonly<Record<string, string | number | string[] | undefined>>,
  abort: AbortController,
  messages: AsyncIterable<Message | undefined>,
): Promise<void> {
  raw.once('close', () => abort.abort());
  raw.on('error', () => abort.abort());
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  raw.writeHead(200, {
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
  }
}

const format = ({ id, event, data }: Message): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

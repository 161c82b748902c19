// The side that dials, without TLS, by prior knowledge.
import { connect } from 'node:net';
import { Http2Connection } from './connection.ts';
import { PREFACE } from './frames.ts';
import { intoReadMemory } from './read-memory.ts';
import { keepAlive } from './keep-alive.ts';

export interface Http2ClientOptions {
  readonly dialTimeoutMs: number;
  readonly keepAliveMs: number;
  /** What the peer may send ahead on a stream, and on all together: room, where streams are always read. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** The connection opens no more streams. */
  readonly onGoAway: () => void;
  readonly onClose: (error?: Error) => void;
}

const HEADER_LIST_BYTES_MAX = 16 * 1024;
/** A connection that may be used at once; a dial that fails closes it. `address` is host:port. */
export function connectHttp2(address: string, options: Http2ClientOptions): Http2Connection {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 80 : Number(port),
    noDelay: true,
    onread: intoReadMemory((chunk) => connection.receive(chunk)),
  });
  const connection: Http2Connection = new Http2Connection(socket, 'client', {
    settings: { headerListBytesMax: HEADER_LIST_BYTES_MAX, initialWindowBytes: options.streamWindowBytes },
    connectionWindowBytes: options.connectionWindowBytes,
    onGoAway: options.onGoAway,
    onClose: (error) => {
      stop();
      clearTimeout(tooLate);
      options.onClose(error);
    },
  });
  const stop = keepAlive(connection, options.keepAliveMs);
  const tooLate = setTimeout(() => {
    if (!connection.hasSettings) connection.destroy(new Error('dial timed out'));
  }, options.dialTimeoutMs);
  connection.output.control(PREFACE);
  connection.begin();
  return connection;
}

// WebSocket streams at /v1/play. What can be refused is refused before the upgrade, as HTTP.
import { status } from '@grpc/grpc-js';
import type { Logger } from '@meridian/telemetry';
import { StatusError, statusOf } from '@meridian/worker-client';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { problemResponse } from '../http/problem.ts';
import { REQUEST_BYTES_MAX } from '../relay/client-stream.ts';
import type { Streams } from '../streams.ts';
import type { Ticket } from '../token/admit.ts';
import { SUBPROTOCOL, readSubprotocols } from './subprotocols.ts';
import { WsClientStream } from './ws-client-stream.ts';

const PLAY_PATH = '/v1/play';

export interface WsServerOptions {
  readonly streams: Streams;
  readonly logger: Logger;
  /** A client that gives no sign of life for two of these is gone. */
  readonly keepAliveMs?: number;
}

/** For the `upgrade` event of an HTTP/1.1 server. */
export function createUpgradeHandler({ streams, logger, keepAliveMs = 2_000 }: WsServerOptions) {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: REQUEST_BYTES_MAX,
    handleProtocols: () => SUBPROTOCOL,
  });
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const ignore = () => undefined;
    socket.on('error', ignore);
    admit(request, streams)
      .then((ticket) => {
        socket.off('error', ignore);
        if (socket.destroyed) return;
        server.handleUpgrade(request, socket, head, (webSocket) => {
          streams
            .run(new WsClientStream(webSocket, keepAliveMs), ticket, 'websocket')
            .catch((error: unknown) => {
              logger.error({ err: error }, 'stream failed');
              webSocket.terminate();
            });
        });
      })
      .catch((error: unknown) => {
        if (!(error instanceof StatusError)) logger.error({ err: error }, 'upgrade failed');
        socket.end(problemResponse(statusOf(error)));
      });
  };
}

async function admit(request: IncomingMessage, streams: Streams): Promise<Ticket> {
  const path = (request.url ?? '').split('?', 1)[0];
  const credentials = readSubprotocols(request.headers['sec-websocket-protocol']);
  if (path !== PLAY_PATH)
    throw new StatusError(status.NOT_FOUND, `WebSocket streams are at ${PLAY_PATH}.`, 'not_found');
  if (credentials) return streams.admit(credentials);
  const message = `Offer the WebSocket subprotocol ${SUBPROTOCOL}.`;
  throw new StatusError(status.INVALID_ARGUMENT, message, 'subprotocol_missing');
}

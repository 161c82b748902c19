import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export interface Knock {
  readonly client: WebSocket;
  readonly token: string | undefined;
  readonly key: string | undefined;
  readonly next: string | undefined;
}

/** One gateway of the fake: it answers pings and hands every stream to `onStream`. */
export class FakeGateway {
  /** Streams that were opened here. */
  streams = 0;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'meridian.v1' });

  private constructor(onStream: (knock: Knock) => void) {
    this.#server = createServer((_request, response) => {
      response.writeHead(204, { 'access-control-allow-origin': '*' }).end();
    });
    this.#server.on('upgrade', (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (client) => {
        this.streams += 1;
        const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(/,\s*/);
        const after = (prefix: string): string | undefined =>
          protocols.find((text) => text.startsWith(prefix))?.slice(prefix.length);
        onStream({ client, token: after('token.'), key: after('client.'), next: after('next.') });
      });
    });
  }

  static async start(onStream: (knock: Knock) => void): Promise<FakeGateway> {
    const gateway = new FakeGateway(onStream);
    await new Promise<void>((resolve) => gateway.#server.listen(0, '127.0.0.1', resolve));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get streamUrl(): string {
    return `${this.url.replace('http', 'ws')}/v1/play`;
  }

  /** As a killed process: its sockets break and nobody answers at its address any more. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const client of this.#sockets.clients) client.terminate();
    this.#server.closeAllConnections();
    await closed;
  }
}

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP link to a real server that a test can cut, as a network does. */
export interface TcpLink {
  readonly port: number;
  /** Connections break and new ones are refused. */
  cut(): Promise<void>;
  /** Bytes stop arriving, while connections look alive. */
  hang(): void;
  /** All is well again; what hung arrives. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

export async function openTcpLink(host: string, port: number): Promise<TcpLink> {
  const sockets = new Set<Socket>();
  let isHanging = false;
  const pass = (from: Socket, to: Socket) => {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
    from.pipe(to);
    if (isHanging) from.pause();
  };
  const server = createServer((near) => {
    const far = connect(port, host);
    pass(near, far);
    pass(far, near);
  });
  const listen = async (at: number): Promise<number> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : at;
  };
  const cut = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const own = await listen(0);
  return {
    port: own,
    cut,
    hang: () => {
      isHanging = true;
      for (const socket of sockets) socket.pause();
    },
    mend: async () => {
      isHanging = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) await listen(own);
    },
    close: cut,
  };
}

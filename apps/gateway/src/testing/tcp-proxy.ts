import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TcpProxy {
  readonly address: string;
  /** Cuts every connection; new ones are taken. */
  breakAll(): void;
  /** As SIGSTOP does to what is behind it: connections stay, new ones are taken, and nothing passes. */
  freeze(): void;
  thaw(): void;
  close(): void;
}

/** A wire that can be cut. */
export async function tcpProxy(target: string): Promise<TcpProxy> {
  const [host = '', port] = target.split(':');
  const sockets = new Set<Socket>();
  /** Each near end with its far end, and the other way round. */
  const ways = new Map<Socket, Socket>();
  let isFrozen = false;
  const server = createServer((near) => {
    const far = connect(Number(port), host);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined));
    ways.set(near, far).set(far, near);
    if (!isFrozen) near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    ways.clear();
  };
  return {
    address: `127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    breakAll,
    freeze: () => {
      isFrozen = true;
      // A pipe that waits for room would go on by itself.
      for (const [from, to] of ways) from.unpipe(to).pause();
    },
    thaw: () => {
      isFrozen = false;
      for (const [from, to] of ways) from.pipe(to);
    },
    close: () => {
      breakAll();
      server.close();
    },
  };
}

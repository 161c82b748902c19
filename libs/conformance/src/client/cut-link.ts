import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A connection that a test can cut, as a pulled cable would after its timeout: both ends see it break. */
export interface CutLink {
  readonly address: string;
  cut(): void;
}

/** Relays to `address`, host:port. */
export async function openCutLink(address: string): Promise<CutLink> {
  const colon = address.lastIndexOf(':');
  const [host, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, host);
    for (const socket of [near, far]) sockets.push(socket.on('error', () => socket.destroy()));
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

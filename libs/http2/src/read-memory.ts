// Reading without new memory for every chunk: Node takes 64 kB for each, of which a client's window update fills 26 bytes,
// and the collector's work for it was a tenth of what relaying a frame costs.
import { Socket, type SocketConstructorOpts } from 'node:net';

/** Every connection reads into the same memory: what has come is dealt with before anything else is read. */
export const READ_MEMORY = Buffer.allocUnsafeSlow(256 * 1024);

/** For the `onread` of a socket. */
export const intoReadMemory = (onBytes: (chunk: Buffer) => void) => ({
  buffer: READ_MEMORY,
  callback: (bytes: number) => {
    onBytes(READ_MEMORY.subarray(0, bytes));
    return true;
  },
});

/**
 * A socket that a server with `pauseOnConnect` has taken, read from by `onBytes`. `onread` is for sockets that are made,
 * so another one is made around the same handle; the server counts the first one, which closes with it.
 */
export function readAccepted(accepted: Socket, onBytes: (chunk: Buffer) => void): Socket {
  const holder = accepted as unknown as { _handle: object | null };
  const handle = holder._handle;
  if (!handle) return accepted;
  holder._handle = null;
  const options = { handle, onread: intoReadMemory(onBytes) } as unknown as SocketConstructorOpts;
  const socket = new Socket(options);
  socket.once('close', () => accepted.destroy());
  return socket;
}

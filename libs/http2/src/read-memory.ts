// Reading without new memory for every chunk: Node takes 64 kB for each, of which a client's window update fills 26 bytes,
// and the collector's work for it was a tenth of what relaying a frame costs.
import { Socket, type SocketConstructorOpts } from 'node:net';
import type { TLSSocket } from 'node:tls';

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

/** Where a socket keeps its `onread`. */
const ONREAD = Object.getOwnPropertySymbols(new Socket({ onread: intoReadMemory(() => undefined) }));
const [BUFFER, CALLBACK] = ['kBuffer', 'kBufferCb'].map((name) =>
  ONREAD.find((each) => each.description === name),
);

interface Inner {
  readonly _handle: { useUserBuffer?: (memory: Buffer) => void } | null;
  [at: symbol]: unknown;
}

/**
 * Likewise for a socket of a TLS server, of which nothing was read yet: it takes no `onread`, so what one does is done
 * here. False where Node does not let us.
 */
export function readSecure(socket: TLSSocket, onBytes: (chunk: Buffer) => void): boolean {
  const inner = socket as unknown as Inner;
  if (!BUFFER || !CALLBACK || !inner._handle?.useUserBuffer || socket.readableLength > 0) return false;
  const { buffer, callback } = intoReadMemory(onBytes);
  inner[BUFFER] = buffer;
  inner[CALLBACK] = callback;
  inner._handle.useUserBuffer(buffer);
  return true;
}

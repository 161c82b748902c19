// A worker's calls of FleetService, one message each way. Like the callers' connection written by hand, for what the load
// costs is taken from the machine that is measured: hundreds of workers have a machine each, and here they have none.
import { connectHttp2, type Http2Connection } from '@meridian/http2';
import { FleetServiceService } from '@meridian/protocol/worker';
import { Envelope, MessageSplitter, fromTrailers } from '@meridian/worker-client';

const MESSAGE_BYTES_MAX = 1_048_576;

export class FleetLane {
  readonly #connection: Http2Connection;

  /** `address` is host:port. */
  constructor(address: string) {
    this.#connection = connectHttp2(address, {
      ...{ dialTimeoutMs: 2_000, keepAliveMs: 30_000, onGoAway: () => undefined, onClose: () => undefined },
      ...{ streamWindowBytes: MESSAGE_BYTES_MAX, connectionWindowBytes: 2 * MESSAGE_BYTES_MAX },
    });
  }

  close(): void {
    this.#connection.end();
  }

  /** The answer's bytes; rejects with what the control plane says against it. */
  call(method: 'register' | 'heartbeat', secret: string, message: Uint8Array): Promise<Buffer> {
    const stream = this.#connection.open([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', FleetServiceService[method].path],
      [':authority', 'control-plane'],
      ['te', 'trailers'],
      ['content-type', 'application/grpc+proto'],
      ['authorization', `Bearer ${secret}`],
    ]);
    return new Promise((resolve, reject) => {
      const splitter = new MessageSplitter(MESSAGE_BYTES_MAX);
      let said = 'nothing';
      let answer: Buffer | undefined;
      stream.consume({
        onData: (chunk, start, end) =>
          splitter.push(chunk, start, end, ({ message: whole }) => (answer = whole)),
        onHeaders: (headers) => (said = fromTrailers(headers)?.message ?? said),
        onClose: (error) => (answer ? resolve(answer) : reject(error ?? new Error(`${method}: ${said}`))),
      });
      stream.write(Envelope.of(message).framed);
      stream.end();
    });
  }
}

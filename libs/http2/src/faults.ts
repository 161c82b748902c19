// What is done about a frame that must not be, or not so often. A fault of a stream ends the stream; one of the
// connection is thrown as a ConnectionError.
import { Budget, Cost } from './budget.ts';
import { ConnectionError, ErrorCode, StreamError } from './errors.ts';
import { FrameType, rstStream } from './frames.ts';
import type { Output } from './output.ts';
import type { StreamTable } from './stream-table.ts';
import type { Http2Stream } from './stream.ts';

export class Faults {
  readonly #streams: StreamTable;
  readonly #output: Output;
  readonly #budget = new Budget();

  constructor(streams: StreamTable, output: Output) {
    this.#streams = streams;
    this.#output = output;
  }

  /** For a frame that moves no data (budget.ts). */
  spend(tokens: number): void {
    if (!this.#budget.spend(tokens))
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, 'too many frames without data');
  }

  /** An open stream; undefined for one that is closed, where the frame may have been on its way. */
  streamOf(streamId: number, type: number): Http2Stream | undefined {
    const stream = this.#streams.get(streamId);
    if (!stream) this.refuseUnknown(streamId, type);
    return stream;
  }

  /** A frame of a stream that is not open: let pass where it may have been on its way when the stream was closed. */
  refuseUnknown(streamId: number, type: number): void {
    const why = this.#streams.whyGone(streamId);
    if (why === 'unknown')
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'a frame of a stream that was never open');
    if (why === 'ended_here' || type === FrameType.WINDOW_UPDATE || type === FrameType.RST_STREAM) return;
    if (type === FrameType.HEADERS)
      throw new ConnectionError(ErrorCode.STREAM_CLOSED, 'HEADERS of a closed stream');
    this.reset(new StreamError(ErrorCode.STREAM_CLOSED, 'DATA of a closed stream'), streamId, undefined);
  }

  /** Ends the stream for what was thrown while one of its frames was dealt with. */
  ofStream(thrown: unknown, stream: Http2Stream): void {
    if (!(thrown instanceof StreamError)) throw thrown;
    this.reset(thrown, stream.id, stream);
  }

  reset(error: StreamError, streamId: number, stream: Http2Stream | undefined): void {
    this.spend(Cost.noise);
    this.#output.control(rstStream(streamId, error.code));
    this.#streams.rememberEnded(streamId);
    stream?.close(error);
  }
}

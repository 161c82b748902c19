import type { Envelope, Status } from '@meridian/worker-client';

/** A client's side of a session, over WebSocket or gRPC: the two strategies of the one relay. */
export interface ClientStream {
  /**
   * Whole messages as the client sent them, at most 64 KiB each; ends when the client has no more to say. Throws
   * `StatusError` for bytes that are no messages.
   */
  readonly requests: AsyncIterable<Buffer>;
  /** Aborts when the client is gone. */
  readonly gone: AbortSignal;
  /** All that was written is out of this process: another frame would not wait here. False when the client is gone. */
  readonly isIdle: boolean;
  /** `flushed` is called when the message is out of this process and its memory free; with an error, when it never will be. */
  write(message: Envelope, flushed: Flushed): void;
  /** Says how the stream ended, after what was written; resolves when it is closed, within `CLOSE_TIMEOUT_MS`. */
  close(end: Status): Promise<void>;
}

export type Flushed = (error?: Error | null) => void;

/** Largest PlayRequest taken from a client. */
export const REQUEST_BYTES_MAX = 64 * 1024;

/** A client that sends faster than its worker reads is not read from while this many requests wait. */
export const REQUESTS_WAITING_MAX = 8;

/** A client that does not take its last words is not waited for any longer. */
export const CLOSE_TIMEOUT_MS = 2_000;

import type { Http2Session } from 'node:http2';

export interface KeepAlive {
  readonly intervalMs: number;
  /** A peer that leaves a ping unanswered for so long is gone. */
  readonly timeoutMs: number;
}

/** Pings the peer for as long as the session lives, and destroys the session when an answer stays out. */
export function keepAlive(session: Http2Session, { intervalMs, timeoutMs }: KeepAlive): void {
  const timer = setInterval(() => checkAlive(session, timeoutMs), intervalMs);
  timer.unref();
  session.once('close', () => clearInterval(timer));
}

/** One ping. TCP alone notices a peer that vanished only after many minutes. */
export function checkAlive(session: Http2Session, timeoutMs: number): void {
  if (session.destroyed || session.closed) return;
  const silent = setTimeout(() => session.destroy(), timeoutMs);
  silent.unref();
  session.ping(() => clearTimeout(silent));
}

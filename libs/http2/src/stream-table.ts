// The streams of a connection that are open, and what is known of those that are not.
import { STREAM_ID_MAX } from './frames.ts';
import type { Http2Stream } from './stream.ts';

export type Gone =
  /** It was never open, or its number is not a client's. */
  | 'unknown'
  /** We ended it before the peer did: what the peer sent meanwhile is still on its way. */
  | 'ended_here'
  | 'closed';

const REMEMBERED_MAX = 256;

export class StreamTable {
  readonly #open = new Map<number, Http2Stream>();
  /** Oldest first. */
  readonly #endedHere = new Set<number>();
  /** Of a client's streams, the newest; numbers are odd and rise. */
  #newestId = 0;

  get size(): number {
    return this.#open.size;
  }

  get newestId(): number {
    return this.#newestId;
  }

  /** The number of the next stream of a client; undefined when there are none left. */
  nextId(): number | undefined {
    const id = this.#newestId === 0 ? 1 : this.#newestId + 2;
    return id > STREAM_ID_MAX ? undefined : id;
  }

  isNew(id: number): boolean {
    return id % 2 === 1 && id > this.#newestId;
  }

  /** A number is used, whether or not a stream comes of it. */
  use(id: number): void {
    this.#newestId = Math.max(this.#newestId, id);
  }

  add(stream: Http2Stream): void {
    this.use(stream.id);
    this.#open.set(stream.id, stream);
  }

  get(id: number): Http2Stream | undefined {
    return this.#open.get(id);
  }

  all(): readonly Http2Stream[] {
    return [...this.#open.values()];
  }

  remove(id: number): void {
    this.#open.delete(id);
  }

  rememberEnded(id: number): void {
    this.#endedHere.add(id);
    if (this.#endedHere.size <= REMEMBERED_MAX) return;
    const [oldest] = this.#endedHere;
    if (oldest !== undefined) this.#endedHere.delete(oldest);
  }

  /** Of a stream that is not open. */
  whyGone(id: number): Gone {
    if (id % 2 === 0 || id > this.#newestId) return 'unknown';
    return this.#endedHere.has(id) ? 'ended_here' : 'closed';
  }
}

import type { HeaderField } from './header-field.ts';

/** RFC 7541, 4.1: what an entry counts, beyond its characters. */
export const ENTRY_OVERHEAD_BYTES = 32;

export const sizeOf = ([name, value]: HeaderField): number =>
  name.length + value.length + ENTRY_OVERHEAD_BYTES;

/** The newest entries of a peer's header fields, within a size (RFC 7541, 2.3.2 and 4). */
export class DynamicTable {
  /** Newest first. */
  readonly #entries: HeaderField[] = [];
  #bytes = 0;
  #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  at(index: number): HeaderField | undefined {
    return this.#entries[index];
  }

  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#makeRoom(0);
  }

  /** An entry larger than the table empties it, and is no error. */
  add(entry: HeaderField): void {
    const bytes = sizeOf(entry);
    this.#makeRoom(bytes);
    if (bytes > this.#bytesMax) return;
    this.#entries.unshift(entry);
    this.#bytes += bytes;
  }

  #makeRoom(bytes: number): void {
    while (this.#entries.length > 0 && this.#bytes + bytes > this.#bytesMax) {
      const oldest = this.#entries.pop();
      if (oldest) this.#bytes -= sizeOf(oldest);
    }
  }
}

// Which actions are new. Each device numbers its own; networks reorder, and gateways send the newest one again.
//
// V1. No more than the owner and eight paired devices are remembered, in as much memory as they take: of one more, the
//     paired one that was silent longest is forgotten. The owner never is.
import type { DeviceSeq } from '@meridian/protocol';

/** Of the session's owner; others were paired with it. */
export const OWNER = 0;
const PAIRED_MAX = 8;

export class Devices {
  /** The one that acted last is the last. */
  readonly #newest = new Map<number, number>();

  constructor(seqs: readonly DeviceSeq[] = []) {
    for (const { device, seq } of seqs) this.take(device, seq);
  }

  /** Whether the action is newer than all of its device; it counts as seen then. */
  take(device: number, seq: number): boolean {
    if (seq <= (this.#newest.get(device) ?? 0)) return false;
    this.#newest.delete(device);
    this.#newest.set(device, seq);
    this.#forget();
    return true;
  }

  /** The newest numbers of all devices but this one. */
  seqsBut(inForce: number): DeviceSeq[] {
    const all = [...this.#newest].map(([device, seq]) => ({ device, seq }));
    return all.filter(({ device }) => device !== inForce);
  }

  #forget(): void {
    const paired = this.#newest.size - (this.#newest.has(OWNER) ? 1 : 0);
    if (paired <= PAIRED_MAX) return;
    for (const device of this.#newest.keys()) {
      if (device === OWNER) continue;
      this.#newest.delete(device);
      return;
    }
  }
}

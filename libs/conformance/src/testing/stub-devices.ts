import type { DeviceSeq } from '@meridian/protocol';
import type { Break } from './breaks.ts';

const PAIRED_MAX = 8;

/** The newest action number of each device: 0, the owner, and those that were paired. */
export class StubDevices {
  readonly #newest = new Map<number, number>([[0, 0]]);
  readonly #broken: Break | undefined;

  constructor(seqs: readonly DeviceSeq[], broken: Break | undefined) {
    for (const { device, seq } of seqs) this.#newest.set(device, seq);
    this.#broken = broken;
  }

  /** False for an action that is not new. The paired device that was silent longest is forgotten for room. */
  takes(from: number, seq: number): boolean {
    const device = this.#broken === 'counts-devices-as-one' ? 0 : from;
    if (seq <= (this.#newest.get(device) ?? 0)) return false;
    this.#newest.delete(device);
    this.#newest.set(device, seq);
    const oldest = [...this.#newest.keys()].find((each) => each !== 0);
    const isFull = this.#newest.size > PAIRED_MAX + 1 && this.#broken !== 'remembers-every-device';
    if (isFull && oldest !== undefined) this.#newest.delete(oldest);
    return true;
  }

  /** Of all that have acted but this one. */
  seqsBut(inForce: number): DeviceSeq[] {
    const all = [...this.#newest].map(([device, seq]) => ({ device, seq }));
    return all.filter(({ device, seq }) => device !== inForce && seq > 0);
  }
}

// Memory in which frames are put together for one write to a socket. Shared by all connections: a part is in use for as
// long as the kernel does not take it, so that only a slow peer's connection holds one.

/** A frame of 20 kB with its heads fits; so does one record of TLS three times. */
export const PART_BYTES = 64 * 1024;
const SPARE_MAX = 64;

const spare: Buffer[] = [];

export const takePart = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(PART_BYTES);

export function giveBackPart(part: Buffer): void {
  if (spare.length < SPARE_MAX) spare.push(part);
}

import { createHash } from 'node:crypto';

/** A number in [0, 1) that is always the same for the same session: started anew elsewhere, it begins in the same place. */
export function drawOf(sessionId: string): number {
  return createHash('sha256').update(sessionId).digest().readUInt32BE(0) / 2 ** 32;
}

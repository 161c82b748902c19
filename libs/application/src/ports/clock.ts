/** Time comes in from outside, so that use cases run unchanged on virtual time (D1). */
export interface Clock {
  /** Unix ms. */
  nowMs(): number;
}

/** Random ids come in from outside as well. */
export interface Draw {
  /** `bytes` random bytes as lower-case base32 without padding. */
  token(bytes: number): string;
}

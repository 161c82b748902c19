interface MeterRef {
  readonly sessionId: string;
  readonly epoch: number;
}

/** A meter is one session at one epoch. */
export const meterKey = ({ sessionId, epoch }: MeterRef): string => `${sessionId} ${epoch}`;

/** And what one process counted of it. */
export const countKey = (count: MeterRef & { readonly startedUs: number }): string =>
  `${meterKey(count)} ${count.startedUs}`;

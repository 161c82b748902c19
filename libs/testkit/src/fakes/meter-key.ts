/** A meter is one session at one epoch. */
export const meterKey = ({
  sessionId,
  epoch,
}: {
  readonly sessionId: string;
  readonly epoch: number;
}): string => `${sessionId} ${epoch}`;

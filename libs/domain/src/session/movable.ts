/** A message of a worker may have 4 MiB; what is left is for the rest of a checkpoint. */
export const CHECKPOINT_STATE_BYTES_MAX = 4 * 1024 * 1024 - 4_096;

/** A gateway looks for another worker for this long, and then gives the session up. */
export const REBUILD_MS_MAX = 25_000;

/** What a model's workers say of the state of one session. */
export interface StateShape {
  readonly stateBytes?: number | undefined;
  /** How long a worker takes to go on from a checkpoint, beyond being sent it. */
  readonly rebuildMs?: number | undefined;
}

/** Why a session cannot be moved to another worker, for a person; undefined: it can. */
export function whyNotMovable({ stateBytes = 0, rebuildMs = 0 }: StateShape): string | undefined {
  if (stateBytes > CHECKPOINT_STATE_BYTES_MAX) {
    return `its state of ${stateBytes} bytes is larger than the ${CHECKPOINT_STATE_BYTES_MAX} that a checkpoint may hold`;
  }
  if (rebuildMs > REBUILD_MS_MAX) {
    return `its state takes ${rebuildMs} ms to build up again, and a move may take ${REBUILD_MS_MAX} ms`;
  }
  return undefined;
}

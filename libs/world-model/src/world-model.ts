/** What a model says of itself. Sizes in pixels and bytes. */
export interface ModelDescription {
  readonly model: string;
  readonly version: string;
  readonly frame: { readonly width: number; readonly height: number; readonly channels: 3 };
  readonly framesPerSecond: number;
  /** The inputs of one action, in the order of its values. */
  readonly actions: readonly string[];
  /** Bytes of one session's state. */
  readonly stateBytes: number;
  /** How long it takes to go on from a checkpoint, beyond stepping: 0 when everything is in the state. */
  readonly rebuildMs: number;
  /** What the state's bytes are: numbers as this machine writes them, or bytes of any value. */
  readonly stateType: 'float32' | 'uint8';
}

export interface StepResult {
  /** The next state of each session, in the order given. */
  readonly states: readonly Uint8Array[];
  /** The frame each session sees after its action: RGB, rows from the top, height x width x 3 bytes. */
  readonly frames: readonly Uint8Array[];
  /** Sessions that the model began to pull back because they had drifted. */
  readonly reanchors?: number;
}

/**
 * An action-conditioned dynamics model: from a state and an action, the next state and its frame.
 *
 * State belongs to the caller and is opaque bytes, so that it can be kept, sent and restored without knowing the model.
 */
export interface WorldModel {
  readonly description: ModelDescription;
  /** A state to begin in. `draw` is in [0, 1) and picks one: the same draw gives the same bytes. */
  initialState(draw: number): Uint8Array;
  /**
   * One frame for each of a batch of sessions: `actions[i]` acts on `states[i]`. A state's result does not depend on what
   * else is in the batch.
   *
   * @throws ModelError `bad-state` or `bad-action` for wrong sizes, `step-failed` when the model fails or a state it
   * answers with is not finite.
   */
  step(states: readonly Uint8Array[], actions: readonly Float32Array[]): Promise<StepResult>;
  /** Free what the model holds outside the JavaScript heap. */
  close(): Promise<void>;
}

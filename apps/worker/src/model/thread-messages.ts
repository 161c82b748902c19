import type { ModelDescription, ModelErrorCode, StepResult } from '@meridian/world-model';

/** What the model's thread is started with. */
export interface ThreadStart {
  readonly modelDir: string;
  /** Draws whose initial states are told with `ready`, so that opening a session asks the thread nothing. */
  readonly draws: readonly number[];
}

export interface StepOrder {
  readonly id: number;
  readonly states: readonly Uint8Array[];
  readonly actions: readonly Float32Array[];
}

/** What a thread that is of no more use hears when its step has ended. */
export const CLOSE = 'close';

export type ThreadAnswer =
  | {
      readonly kind: 'ready';
      readonly description: ModelDescription;
      readonly initialStates: readonly Uint8Array[];
    }
  | { readonly kind: 'unusable'; readonly code: ModelErrorCode | undefined; readonly message: string }
  | ({ readonly kind: 'stepped'; readonly id: number } & StepResult)
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

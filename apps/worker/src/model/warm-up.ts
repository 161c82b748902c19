import type { SteppingModel } from '../engine/ports.ts';
import type { StepTimes } from '../engine/step-times.ts';

const STEPS = 24;
/** The first steps allocate and are not like those that follow. */
const UNCOUNTED = 4;

/** Steps the model a few times, so that the first session's first frame is not slow and its step time is known. */
export async function warmUp(model: SteppingModel, times: StepTimes): Promise<void> {
  const still = new Float32Array(model.description.actions.length);
  let state = model.initialState(0);
  for (let i = 0; i < STEPS; i += 1) {
    const startedMs = performance.now();
    const { states } = await model.step([state], [still]);
    if (i >= UNCOUNTED) times.add(performance.now() - startedMs);
    state = states[0] ?? state;
  }
}

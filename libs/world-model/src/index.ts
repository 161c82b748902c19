export { readAction, type ActionInput, type ActionReading } from './action-inputs.ts';
export { loadModel } from './load-model.ts';
export { ModelError, type ModelErrorCode } from './model-error.ts';
export { stateFault } from './state-fault.ts';
export type { ModelDescription, StepResult, WorldModel } from './world-model.ts';

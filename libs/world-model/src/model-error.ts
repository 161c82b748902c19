export type ModelErrorCode =
  /** `model.json` or the file it names is not there. */
  | 'missing'
  /** `model.json` is not what a manifest looks like. */
  | 'bad-manifest'
  /** The file is not the one its manifest was written for: truncated, or replaced. */
  | 'digest-mismatch'
  /** The file would not fit this worker's memory, or nearly not. */
  | 'too-large'
  /** The file is no ONNX model. */
  | 'corrupt'
  /** The file needs another opset, or an operator, that this runtime does not have. */
  | 'unsupported'
  /** Names, shapes or types of inputs and outputs differ from the step contract. */
  | 'signature-mismatch'
  | 'bad-state'
  | 'bad-action'
  | 'step-failed';

/** Why a model cannot be loaded or stepped. The message is a sentence for an operator. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: ModelErrorCode;

  constructor(code: ModelErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

import { MeridianError } from './errors.ts';

/** What the user does from now on. Everything left out is released. */
export interface ActionInput {
  /** Names of the buttons held down, such as `sprint`: at most 32, each at most 32 bytes. */
  readonly buttons?: readonly string[];
  /** Axes by name in [-1, 1] (clamped), such as `forward`, `strafe`, `yaw`: at most 32. */
  readonly axes?: Readonly<Record<string, number>>;
  /** At most 4,096 bytes; for models that take text. */
  readonly text?: string;
}

const ENCODER = new TextEncoder();

/** A copy within the limits of the protocol, axes clamped. Throws MeridianError `invalid_action`. */
export function checkAction({ buttons = [], axes = {}, text }: ActionInput): ActionInput {
  const entries = Object.entries(axes);
  if (buttons.length > 32) throw invalid('An action holds at most 32 buttons.');
  if (entries.length > 32) throw invalid('An action holds at most 32 axes.');
  if (buttons.some((name) => bytes(name) > 32)) throw invalid('The name of a button is at most 32 bytes.');
  if (text !== undefined && bytes(text) > 4_096)
    throw invalid('The text of an action is at most 4,096 bytes.');
  const broken = entries.find(([, value]) => !Number.isFinite(value));
  if (broken) throw invalid(`The axis "${broken[0]}" is not a number.`);
  const clamped = entries.map(([name, value]) => [name, Math.max(-1, Math.min(1, value))] as const);
  return { buttons: [...buttons], axes: Object.fromEntries(clamped), ...(text !== undefined && { text }) };
}

function bytes(text: string): number {
  return ENCODER.encode(text).length;
}

function invalid(detail: string): MeridianError {
  return new MeridianError('invalid_action', detail);
}

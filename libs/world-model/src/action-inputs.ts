// What a user does, as the numbers a model reads. A named axis wins over buttons; buttons serve keyboards, where two
// opposite keys cancel out.

/** The payload of an action: buttons held down, analogue axes by name, free text. */
export interface ActionInput {
  readonly buttons: readonly string[];
  readonly axes: Readonly<Record<string, number>>;
  readonly text: string;
}

export type ActionReading =
  | { readonly kind: 'values'; readonly values: Float32Array }
  | { readonly kind: 'refused'; readonly field: string; readonly message: string };

interface Input {
  readonly min: number;
  readonly max: number;
  /** What each button adds. */
  readonly buttons: Readonly<Record<string, number>>;
}

/** Positive is forward, right, a turn to the right. Sprint runs from walking (0) to full (1). */
const INPUTS: Readonly<Record<string, Input>> = {
  forward: { min: -1, max: 1, buttons: { forward: 1, back: -1 } },
  strafe: { min: -1, max: 1, buttons: { right: 1, left: -1 } },
  yaw: { min: -1, max: 1, buttons: { 'turn-right': 1, 'turn-left': -1 } },
  sprint: { min: 0, max: 1, buttons: { sprint: 1 } },
};

const LIMITS = { buttons: 32, buttonBytes: 32, axes: 32, axisBytes: 32, textBytes: 4096 } as const;

/**
 * An action as one value for each of a model's `inputs`, in their order, clamped to the input's range. What a model does
 * not read is ignored; an action that is not well formed is refused with the field that is wrong.
 */
export function readAction(action: ActionInput, inputs: readonly string[]): ActionReading {
  const refusal = refusalOf(action);
  if (refusal !== undefined) return { kind: 'refused', ...refusal };
  return { kind: 'values', values: Float32Array.from(inputs, (name) => valueOf(name, action)) };
}

function valueOf(name: string, action: ActionInput): number {
  const input = INPUTS[name] ?? { min: -1, max: 1, buttons: { [name]: 1 } };
  const axis = Object.hasOwn(action.axes, name) ? action.axes[name] : undefined;
  const value = axis ?? [...new Set(action.buttons)].reduce((sum, button) => sum + pressed(input, button), 0);
  return Math.min(input.max, Math.max(input.min, value));
}

function pressed(input: Input, button: string): number {
  return Object.hasOwn(input.buttons, button) ? (input.buttons[button] ?? 0) : 0;
}

function refusalOf({ buttons, axes, text }: ActionInput): { field: string; message: string } | undefined {
  if (buttons.length > LIMITS.buttons)
    return { field: 'buttons', message: `At most ${LIMITS.buttons} buttons.` };
  const longButton = buttons.findIndex((button) => Buffer.byteLength(button) > LIMITS.buttonBytes);
  if (longButton >= 0) {
    return {
      field: `buttons[${longButton}]`,
      message: `A button's name has at most ${LIMITS.buttonBytes} bytes.`,
    };
  }
  const names = Object.keys(axes);
  if (names.length > LIMITS.axes) return { field: 'axes', message: `At most ${LIMITS.axes} axes.` };
  if (names.some((name) => Buffer.byteLength(name) > LIMITS.axisBytes)) {
    return { field: 'axes', message: `An axis's name has at most ${LIMITS.axisBytes} bytes.` };
  }
  const outside = names.find((name) => !(Math.abs(axes[name] ?? 0) <= 1));
  if (outside !== undefined)
    return { field: `axes.${outside}`, message: `An axis is a number from -1 to 1, not ${axes[outside]}.` };
  if (Buffer.byteLength(text) > LIMITS.textBytes) {
    return { field: 'text', message: `Text has at most ${LIMITS.textBytes} bytes.` };
  }
  return undefined;
}

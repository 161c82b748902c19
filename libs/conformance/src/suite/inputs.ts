import type { Action } from '@meridian/protocol';

const NAMES_MAX = 32;
const LEFT = [0.5, 0, 0.3, 0];
const RIGHT = [-1, 0.8, -0.9, 0];

/** What is pressed and turned, for a model of which only the names of its inputs are known. */
export type Input = Pick<Action, 'axes' | 'buttons'>;

/** Two inputs that any model with inputs tells from each other, and from none. */
export function twoInputs(names: readonly string[]): readonly [Input, Input] {
  return [inputOf(names, LEFT), inputOf(names, RIGHT)];
}

/** A name may be an axis or a button, so it is set as both; a named axis wins. */
function inputOf(names: readonly string[], values: readonly number[]): Input {
  const set = names.slice(0, NAMES_MAX).map((name, i) => [name, values[i % values.length] ?? 0] as const);
  return {
    axes: Object.fromEntries(set),
    buttons: set.filter(([name, value]) => value > 0 && Buffer.byteLength(name) <= 32).map(([name]) => name),
  };
}

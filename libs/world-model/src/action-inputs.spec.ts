import { describe, expect, it } from '@jest/globals';
import { readAction, type ActionInput } from './action-inputs.ts';

const INPUTS = ['forward', 'strafe', 'yaw', 'sprint'];

function read(action: Partial<ActionInput>): number[] | string {
  const reading = readAction({ buttons: [], axes: {}, text: '', ...action }, INPUTS);
  return reading.kind === 'values' ? [...reading.values] : reading.field;
}

describe('an action as model inputs', () => {
  it('is still when nothing is held', () => expect(read({})).toEqual([0, 0, 0, 0]));

  it('takes axes by name, in the order of the model', () =>
    expect(read({ axes: { yaw: -0.5, forward: 0.25, strafe: 1, sprint: 0.75 } })).toEqual([
      0.25, 1, -0.5, 0.75,
    ]));

  it.each([
    ['forward', [1, 0, 0, 0]],
    ['back', [-1, 0, 0, 0]],
    ['left', [0, -1, 0, 0]],
    ['right', [0, 1, 0, 0]],
    ['turn-left', [0, 0, -1, 0]],
    ['turn-right', [0, 0, 1, 0]],
    ['sprint', [0, 0, 0, 1]],
  ])('reads the button %s', (button, values) => expect(read({ buttons: [button] })).toEqual(values));

  it('adds buttons up: opposite keys cancel, a key held twice counts once', () => {
    expect(read({ buttons: ['forward', 'back', 'left'] })).toEqual([0, -1, 0, 0]);
    expect(read({ buttons: ['right', 'right', 'left'] })).toEqual([0, 0, 0, 0]);
  });

  it('lets a named axis win over buttons', () =>
    expect(read({ buttons: ['forward', 'sprint'], axes: { forward: -0.5 } })).toEqual([-0.5, 0, 0, 1]));

  it('clamps to the range of the input', () =>
    expect(read({ axes: { forward: 1, yaw: -1, sprint: -1 } })).toEqual([1, 0, -1, 0]));

  it('ignores what the model does not read', () =>
    expect(read({ buttons: ['a', 'constructor'], axes: { pitch: 1 }, text: 'hello' })).toEqual([0, 0, 0, 0]));

  it.each([
    ['NaN on an axis', { axes: { yaw: Number.NaN } }, 'axes.yaw'],
    ['NaN on an axis the model does not read', { axes: { pitch: Number.NaN } }, 'axes.pitch'],
    ['an endless axis', { axes: { forward: -Infinity } }, 'axes.forward'],
    ['an axis out of range', { axes: { strafe: 1.001 } }, 'axes.strafe'],
    ['too many buttons', { buttons: Array.from({ length: 33 }, String) }, 'buttons'],
    ['a button with a long name', { buttons: ['a', 'b'.repeat(33)] }, 'buttons[1]'],
    [
      'too many axes',
      { axes: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`a${i}`, 0])) },
      'axes',
    ],
    ['too much text', { text: 'é'.repeat(2049) }, 'text'],
  ])('refuses %s, naming the field', (_, action, field) => expect(read(action)).toBe(field));
});

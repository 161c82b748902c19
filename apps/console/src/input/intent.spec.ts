import { describe, expect, it } from '@jest/globals';
import { gamepadIntent, type PadReading } from './gamepad.ts';
import { combine, STILL, toAction } from './intent.ts';
import { keyboardIntent } from './keyboard.ts';
import { knobAt, STICK_RADIUS_PX, thumbIntent } from './touch.ts';
import { oweTurn, payTurn } from './turn.ts';

const keys = (...codes: string[]) => keyboardIntent(new Set(codes));

const pad = (axes: number[], pressed: number[] = []): PadReading => ({
  axes,
  buttons: Array.from({ length: 17 }, (_unused, index) => {
    const isDown = pressed.includes(index);
    return { pressed: isDown, value: isDown ? 1 : 0 };
  }),
});

describe('keyboard', () => {
  it.each([
    ['KeyW', { forward: 1 }],
    ['ArrowUp', { forward: 1 }],
    ['KeyS', { forward: -1 }],
    ['ArrowDown', { forward: -1 }],
    ['KeyA', { strafe: -1 }],
    ['KeyD', { strafe: 1 }],
    ['KeyQ', { yaw: -1 }],
    ['ArrowLeft', { yaw: -1 }],
    ['KeyE', { yaw: 1 }],
    ['ArrowRight', { yaw: 1 }],
    ['ShiftLeft', { sprint: true }],
  ])('%s means %o', (code, expected) => {
    expect(keys(code)).toEqual({ ...STILL, ...expected });
  });

  it('cancels opposites and counts two keys for one thing once', () => {
    expect(keys('KeyW', 'KeyS')).toEqual(STILL);
    expect(keys('KeyW', 'ArrowUp').forward).toBe(1);
    expect(keys('KeyT')).toEqual(STILL);
  });
});

describe('gamepad', () => {
  it('walks with the left stick and turns with the right one', () => {
    expect(gamepadIntent(pad([0, -1, 0, 0]))).toMatchObject({ forward: 1, yaw: 0 });
    expect(gamepadIntent(pad([1, 0, -1, 0]))).toMatchObject({ strafe: 1, yaw: -1 });
    expect(gamepadIntent(pad([0, 0, 0, 0], [12, 10]))).toMatchObject({ forward: 1, sprint: true });
  });

  it('ignores a stick at rest, and starts from nothing at the rim of the dead zone', () => {
    const resting = gamepadIntent(pad([0.1, 0.1, 0.15, 0]));
    expect([Math.abs(resting.forward), resting.strafe, resting.yaw]).toEqual([0, 0, 0]);
    expect(gamepadIntent(pad([0.17, 0, 0, 0])).strafe).toBeLessThan(0.02);
  });

  it('reads a pad that has fewer axes than the standard', () => {
    expect(gamepadIntent(pad([]))).toMatchObject({ strafe: 0, yaw: 0 });
  });
});

describe('touch', () => {
  it('walks where the thumb points, runs when it pulls far', () => {
    expect(thumbIntent(0, -STICK_RADIUS_PX)).toEqual({ forward: 1, strafe: 0, yaw: 0, sprint: false });
    expect(thumbIntent(2 * STICK_RADIUS_PX, 0)).toMatchObject({ strafe: 1, sprint: true });
    expect(thumbIntent(3, -3)).toEqual(STILL);
  });

  it('keeps the knob in its ring', () => {
    expect(knobAt(3 * STICK_RADIUS_PX, 0)).toEqual({ x: STICK_RADIUS_PX, y: 0 });
    expect(knobAt(10, -10)).toEqual({ x: 10, y: -10 });
  });
});

describe('turning by an angle', () => {
  it.each([3, 20, -45])('comes out at %d degrees', (deg) => {
    let owedDeg = oweTurn(0, deg, 1);
    let turnedDeg = 0;
    for (let beat = 0; beat < 60 && owedDeg !== 0; beat += 1) {
      const paid = payTurn(owedDeg, 40);
      turnedDeg += paid.yaw * 4.8;
      owedDeg = paid.owedDeg;
    }
    expect(owedDeg).toBe(0);
    expect(Math.abs(turnedDeg - deg)).toBeLessThan(0.2);
  });

  it('never asks for more than full yaw, nor owes for ever', () => {
    expect(payTurn(500, 40).yaw).toBe(1);
    expect(oweTurn(0, 10_000, 1)).toBeLessThan(90);
  });
});

describe('all devices together', () => {
  it('adds up and clamps', () => {
    const all = combine([keys('KeyW'), thumbIntent(0, -STICK_RADIUS_PX), keys('ShiftLeft')]);
    expect(all).toEqual({ forward: 1, strafe: 0, yaw: 0, sprint: true });
    expect(combine([])).toEqual(STILL);
  });

  it('becomes an action of the contract', () => {
    expect(toAction({ forward: 1, strafe: -0.33333, yaw: 0, sprint: true })).toEqual({
      axes: { forward: 1, strafe: -0.333, yaw: 0 },
      buttons: ['sprint'],
    });
  });
});

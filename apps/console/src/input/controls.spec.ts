import { describe, expect, it } from '@jest/globals';
import type { ActionInput } from '@meridian/sdk';
import { Controls } from './controls.ts';
import { STILL } from './intent.ts';

function bench(): { controls: Controls; sent: ActionInput[]; firsts: () => number } {
  const sent: ActionInput[] = [];
  let firsts = 0;
  const controls = new Controls(
    (action) => sent.push(action),
    () => (firsts += 1),
  );
  return { controls, sent, firsts: () => firsts };
}

describe('Controls', () => {
  it('sends a change at once, repeats what is held on the beat, and says stop once', () => {
    const { controls, sent } = bench();
    controls.beat();
    expect(sent).toHaveLength(0);
    controls.set('keyboard', { ...STILL, forward: 1 });
    expect(sent).toHaveLength(1);
    controls.beat();
    controls.beat();
    expect(sent).toHaveLength(3);
    controls.set('keyboard', STILL);
    controls.beat();
    expect(sent).toHaveLength(4);
    expect(sent.at(-1)?.axes).toEqual({ forward: 0, strafe: 0, yaw: 0 });
  });

  it('turns after a drag, then stops', () => {
    const { controls, sent } = bench();
    controls.look(40, 0.25);
    for (let beat = 0; beat < 40; beat += 1) controls.beat();
    expect(sent[0]?.axes?.['yaw']).toBeGreaterThan(0.5);
    expect(sent.at(-1)?.axes?.['yaw']).toBe(0);
    expect(sent.length).toBeLessThan(20);
  });

  it('reads a polled device on the beat, and lets go when it is unplugged', () => {
    const { controls, sent } = bench();
    const stop = controls.poll('gamepad', () => ({ ...STILL, yaw: 0.5 }));
    controls.beat();
    expect(sent.at(-1)?.axes?.['yaw']).toBe(0.5);
    stop();
    expect(sent.at(-1)?.axes?.['yaw']).toBe(0);
  });

  it('says again what holds when it is asked to, still or not', () => {
    const { controls, sent } = bench();
    controls.repeat();
    controls.set('keyboard', { ...STILL, forward: 1 });
    controls.repeat();
    expect(sent.map(({ axes }) => axes?.['forward'])).toEqual([0, 1, 1]);
  });

  it('runs when the button for it is down, whatever walks', () => {
    const { controls, sent } = bench();
    controls.set('sprint', { ...STILL, sprint: true });
    controls.set('touch', { ...STILL, forward: 1 });
    expect(sent.at(-1)).toMatchObject({ axes: { forward: 1 }, buttons: ['sprint'] });
  });

  it('tells of the first movement only', () => {
    const { controls, firsts } = bench();
    controls.set('keyboard', STILL);
    expect(firsts()).toBe(0);
    controls.set('keyboard', { ...STILL, yaw: 1 });
    controls.set('keyboard', { ...STILL, forward: 1 });
    expect(firsts()).toBe(1);
  });
});

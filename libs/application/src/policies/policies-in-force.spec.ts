import { describe, expect, it } from '@jest/globals';
import { DEFAULT_PLACEMENT_POLICY } from '@meridian/domain';
import { makeWorld } from '@meridian/testkit';

const given = () => {
  const world = makeWorld();
  const isKnown = async () => (await world.policies.of('gallery')).source === 'model';
  const put = () =>
    world.modelPolicies.put({ model: 'gallery', policy: DEFAULT_PLACEMENT_POLICY, updatedAtMs: 0 });
  return { world, isKnown, put };
};

describe('policies in force', () => {
  it('are read again when they are two seconds old, and nobody in between waits for that', async () => {
    const { world, isKnown, put } = given();
    expect(await isKnown()).toBe(false);
    await put();
    world.clock.advance(1_999);
    await isKnown();
    await new Promise(setImmediate);
    expect(await isKnown()).toBe(false);
    world.clock.advance(1);
    expect(await isKnown()).toBe(false);
    await new Promise(setImmediate);
    expect(await isKnown()).toBe(true);
  });

  it('are never older than five seconds', async () => {
    const { world, isKnown, put } = given();
    await isKnown();
    await put();
    world.clock.advance(5_001);
    expect(await isKnown()).toBe(true);
  });

  it('stay as they were known last while the store is away', async () => {
    const { world, isKnown, put } = given();
    await put();
    await isKnown();
    world.modelPolicies.away = true;
    world.clock.advance(60_000);
    expect(await isKnown()).toBe(true);
  });
});

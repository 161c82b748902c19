import { describe, expect, it } from '@jest/globals';
import { rendezvousOrder } from './rendezvous.ts';

const IDS = Array.from({ length: 20_000 }, (_unused, index) => `ses_${index.toString(36)}`);
const gateways = (count: number) =>
  Array.from({ length: count }, (_unused, index) => `http://127.0.0.1:${4_410 + 2 * index}`);
const orderOf = (id: string, names: readonly string[]) => rendezvousOrder(id, names, (name) => name);

const count = (names: readonly string[]) =>
  names.reduce((counts, name) => counts.set(name, (counts.get(name) ?? 0) + 1), new Map<string, number>());

describe('the order of gateways for a session', () => {
  it('has each gateway once, whatever order they are listed in', () => {
    const names = gateways(4);
    for (const id of IDS.slice(0, 100)) {
      const order = orderOf(id, names);
      expect([...order].sort()).toEqual(names);
      expect(orderOf(id, [...names].reverse())).toEqual(order);
    }
  });

  it.each([2, 3, 4, 16])('spreads sessions evenly over %d gateways', (howMany) => {
    const firsts = count(IDS.map((id) => orderOf(id, gateways(howMany))[0] ?? 'none'));
    const fair = IDS.length / howMany;
    expect(firsts.size).toBe(howMany);
    // Six standard deviations of a fair draw.
    for (const share of firsts.values()) expect(Math.abs(share - fair)).toBeLessThan(6 * Math.sqrt(fair));
  });

  it('spreads the sessions of a gateway that is away evenly over the others', () => {
    const [away, ...others] = gateways(4);
    const orphans = IDS.map((id) => orderOf(id, gateways(4))).filter(([first]) => first === away);
    const seconds = count(orphans.map(([, second]) => second ?? 'none'));
    const fair = orphans.length / others.length;
    for (const name of others) {
      expect(Math.abs((seconds.get(name) ?? 0) - fair)).toBeLessThan(6 * Math.sqrt(fair));
    }
  });

  it('keeps every session where it was when a gateway is added, but those that the new one is first for', () => {
    const before = gateways(3);
    const after = gateways(4);
    const [, , , added] = after;
    let moved = 0;
    for (const id of IDS) {
      const order = orderOf(id, after);
      if (order[0] === added) moved += 1;
      expect(order.filter((name) => name !== added)).toEqual(orderOf(id, before));
    }
    expect(Math.abs(moved - IDS.length / 4)).toBeLessThan(6 * Math.sqrt(IDS.length / 4));
  });
});

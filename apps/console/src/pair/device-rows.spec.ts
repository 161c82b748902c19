import { describe, expect, it } from '@jest/globals';
import type { PairedDevice } from '@meridian/sdk';
import { deviceRows } from './device-rows.ts';

const device = (number: number, more: Partial<PairedDevice> = {}): PairedDevice => ({
  ...{ device: number, role: 'controller', pairedAt: '2026-11-23T00:00:00.000Z' },
  ...more,
});

describe('deviceRows', () => {
  it('says who is connected, by label or by role', () => {
    const recorded = [device(2, { role: 'spectator' }), device(1, { label: 'Phone' })];
    expect(deviceRows(recorded, new Map([[2, 'spectator']]))).toEqual([
      { device: 1, name: 'Phone', isConnected: false },
      { device: 2, name: 'Spectator 2', isConnected: true },
    ]);
  });

  it('lists none that was removed, connected for a last moment or not', () => {
    const recorded = [device(1, { removedAt: '2026-11-23T00:01:00.000Z' })];
    expect(deviceRows(recorded, new Map([[1, 'controller']]))).toEqual([]);
  });

  it('lists one that came before the record was read, and never the owner', () => {
    const connected = new Map([
      [0, 'owner'],
      [1, 'controller'],
    ] as const);
    expect(deviceRows([], connected)).toEqual([{ device: 1, name: 'Controller 1', isConnected: true }]);
  });
});

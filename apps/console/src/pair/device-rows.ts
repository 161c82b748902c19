import type { DeviceRole, PairedDevice } from '@meridian/sdk';

export interface DeviceRow {
  readonly device: number;
  readonly name: string;
  readonly isConnected: boolean;
}

const NAMES = { owner: 'Owner', controller: 'Controller', spectator: 'Spectator' } as const;

/**
 * The devices of a session as the panel lists them: those of the record that were not removed, and those that are
 * connected though the record, which may be older, does not know them yet.
 */
export function deviceRows(
  recorded: readonly PairedDevice[],
  connected: ReadonlyMap<number, DeviceRole>,
): readonly DeviceRow[] {
  const removed = new Set(recorded.filter(({ removedAt }) => removedAt).map(({ device }) => device));
  const known = recorded.filter(({ device }) => !removed.has(device));
  const rows = known.map(({ device, role, label }) => ({ device, name: label ?? nameOf(device, role) }));
  for (const [device, role] of connected) {
    const isNew = device !== 0 && !removed.has(device) && !known.some((one) => one.device === device);
    if (isNew) rows.push({ device, name: nameOf(device, role) });
  }
  return rows
    .map((row) => ({ ...row, isConnected: connected.has(row.device) }))
    .toSorted((a, b) => a.device - b.device);
}

function nameOf(device: number, role: DeviceRole): string {
  return `${NAMES[role]} ${device}`;
}

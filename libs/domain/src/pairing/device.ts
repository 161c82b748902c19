/** What a paired device may do: a controller sends actions and gets frames, a spectator gets frames. */
export const DEVICE_ROLES = ['controller', 'spectator'] as const;
export type DeviceRole = (typeof DEVICE_ROLES)[number];

/** Devices of a session at a time, besides its owner's. */
export const DEVICES_MAX = 8;

/** A device that takes part in a session with its owner's consent. */
export interface Device {
  /** 1 or more, rising over the session's life: the number of one that was removed is not used again. */
  readonly device: number;
  readonly role: DeviceRole;
  /** For a person, such as `Sam's phone`. */
  readonly label?: string;
  readonly pairedAtMs: number;
  readonly removedAtMs?: number;
}

/** The number of the next device; undefined: the session has as many as it may. */
export function nextDeviceNumber(devices: readonly Device[]): number | undefined {
  const taking = devices.filter(({ removedAtMs }) => removedAtMs === undefined).length;
  return taking < DEVICES_MAX ? Math.max(0, ...devices.map(({ device }) => device)) + 1 : undefined;
}

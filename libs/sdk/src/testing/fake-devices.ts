import { DeviceRole as WireRole, NoticeKind, PlayRequest, type Action } from '@meridian/protocol';
import type { WebSocket } from 'ws';
import type { Connection, PairedDevice, PairedRole, Pairing, PairingClaim } from '../types.ts';

interface DevicesPorts {
  readonly session: string;
  readonly model: string;
  readonly connectionOf: (device: number) => Connection;
  readonly isOwnerThere: () => boolean;
  readonly onAction: (action: Action) => void;
  readonly onChange: (kind: NoticeKind, device: number, role: WireRole) => void;
}

interface Known extends PairedDevice {
  readonly connection: Connection;
}

const WIRE_ROLES: Readonly<Record<PairedRole, WireRole>> = {
  controller: WireRole.CONTROLLER,
  spectator: WireRole.SPECTATOR,
};

let codesDrawn = 0;

/** The devices of one session of the fake, as its control plane and gateway know them. */
export class FakeDevices {
  /** Devices that the owner's stream said to remove, in order. */
  readonly removals: number[] = [];
  readonly #ports: DevicesPorts;
  readonly #codes = new Map<string, { role: PairedRole; label?: string }>();
  readonly #known = new Map<number, Known>();
  readonly #clients = new Map<number, WebSocket>();

  constructor(ports: DevicesPorts) {
    this.#ports = ports;
  }

  pair(asked: { role: PairedRole; label?: string }): Pairing {
    codesDrawn += 1;
    const code = `K7QF-${String(codesDrawn).padStart(4, '0')}`;
    this.#codes.set(code, asked);
    return {
      ...{ code, role: asked.role, expiresAt: new Date(300_000).toISOString() },
      joinUrl: `http://console/join#${code}`,
    };
  }

  claim(code: string): PairingClaim | undefined {
    const asked = this.#codes.get(code);
    if (asked === undefined) return undefined;
    this.#codes.delete(code);
    const device = this.#known.size + 1;
    const connection = this.#ports.connectionOf(device);
    this.#known.set(device, { ...asked, device, pairedAt: new Date(0).toISOString(), connection });
    return { ...asked, device, connection, sessionId: this.#ports.session, model: this.#ports.model };
  }

  list(): PairedDevice[] {
    return [...this.#known.values()].map(({ connection: _connection, ...device }) => device);
  }

  byToken(token: string | undefined): number | undefined {
    return [...this.#known.values()].find(({ connection }) => connection.token === token)?.device;
  }

  attach(device: number, client: WebSocket): void {
    const role = WIRE_ROLES[this.#known.get(device)?.role ?? 'spectator'];
    if (this.removals.includes(device)) return client.close(4007, 'device_removed');
    if (!this.#ports.isOwnerThere()) return client.close(4014, 'owner_away');
    this.#clients.set(device, client);
    client.on('message', (bytes: Buffer) => {
      const { message } = PlayRequest.decode(bytes);
      if (role === WireRole.SPECTATOR) return client.close(4007, 'role_forbidden');
      if (message?.$case === 'action') this.#ports.onAction(message.value);
    });
    client.on('close', () => {
      if (this.#clients.get(device) !== client) return;
      this.#clients.delete(device);
      this.#ports.onChange(NoticeKind.DEVICE_LEFT, device, role);
    });
    this.#ports.onChange(NoticeKind.DEVICE_JOINED, device, role);
  }

  remove(device: number): void {
    this.removals.push(device);
    this.#clients.get(device)?.close(4007, 'device_removed');
  }

  removeFromRecord(device: number): void {
    const known = this.#known.get(device);
    if (known) this.#known.set(device, { ...known, removedAt: new Date(1).toISOString() });
  }

  send(bytes: Uint8Array): void {
    for (const client of this.#clients.values()) client.send(bytes);
  }

  closeAll(code: number, reason: string): void {
    for (const client of this.#clients.values()) client.close(code, reason);
  }
}

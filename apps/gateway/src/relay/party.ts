// Who takes part in a session at this gateway: the owner, by the newest of its streams that a worker let in (the host),
// and paired devices (guests), each by one stream. Guests see the host's frames, the same bytes; their actions go up by
// the host's uplink. Without a host there is no party: guests wait for it a moment, then are sent to look elsewhere.
import { status } from '@grpc/grpc-js';
import { NoticeKind } from '@meridian/protocol';
import { StatusError, type Envelope, type PeekedFrame, type Status } from '@meridian/worker-client';
import { deviceNotice, greeting, type Standing } from './notices.ts';
import type { Outlet } from './outlet.ts';
import type { Role, Upward } from './requests.ts';
import type { Uplink } from './uplink.ts';

export interface Host {
  readonly outlet: Outlet;
  readonly uplink: Uplink;
  readonly standing: Standing;
}

export interface Guest {
  /** 1 or more. */
  readonly device: number;
  readonly role: Role;
  readonly clientKey: string;
  readonly outlet: Outlet;
  end(why: Status): void;
}

export interface PartyLimits {
  readonly guestsMax: number;
  /** Guests wait so long for a host that left. */
  readonly hostAwayMs: number;
}

const DEFAULTS: PartyLimits = { guestsMax: 8, hostAwayMs: 1_000 };

/** More than a session ever has; an owner may name any number. */
const REMOVED_MAX = 64;

const OWNER_AWAY: Status = {
  code: status.UNAVAILABLE,
  message: 'The owner of the session is not connected to this gateway; try the next one.',
  meridianCode: 'owner_away',
};
const REMOVED: Status = {
  code: status.PERMISSION_DENIED,
  message: 'The owner of the session removed this device.',
  meridianCode: 'device_removed',
};
const TAKEN_OVER: Status = {
  code: status.ABORTED,
  message: 'A newer stream of this device goes on.',
  meridianCode: 'taken_over',
};

export class Party {
  readonly #limits: PartyLimits;
  readonly #guests = new Map<number, Guest>();
  /** The key that a device's first stream came with; of removed devices too. */
  readonly #keys = new Map<number, string>();
  readonly #removed = new Set<number>();
  #host: Host | undefined;
  /** The last one, for what guests ask for while the host is away. */
  #uplink: Uplink | undefined;
  #hostAway: NodeJS.Timeout | undefined;

  constructor(limits: Partial<PartyLimits> = {}) {
    this.#limits = { ...DEFAULTS, ...limits };
  }

  /** A worker let this stream of the owner in: it is the newest. */
  welcome(host: Host): void {
    if (this.#host === host) return;
    clearTimeout(this.#hostAway);
    this.#hostAway = undefined;
    this.#host = host;
    if (this.#uplink) host.uplink.adopt(this.#uplink);
    this.#uplink = host.uplink;
    for (const guest of this.#guests.values()) host.outlet.offerNotice(joined(guest, host.standing));
  }

  /** The owner's stream ended; with `over`, so did the session, in this way. */
  dismiss(host: Host, over: Status | undefined): void {
    if (this.#host !== host) return;
    this.#host = undefined;
    if (over) return this.#sendAway(over);
    this.#hostAway = setTimeout(() => {
      this.#hostAway = undefined;
      this.#sendAway(OWNER_AWAY);
    }, this.#limits.hostAwayMs);
    this.#hostAway.unref();
  }

  isHostedBy(host: Host): boolean {
    return this.#host === host;
  }

  /** Somebody beside the owner looks at what this host shows. */
  looksAt(host: Host): boolean {
    return this.#guests.size > 0 && this.#host === host;
  }

  showFrame(frame: PeekedFrame, envelope: Envelope, receivedAtMs: number): void {
    for (const { outlet } of this.#guests.values()) {
      envelope.hold();
      outlet.offerFrame(frame, envelope, receivedAtMs);
    }
  }

  showNotice(envelope: Envelope): void {
    for (const { outlet } of this.#guests.values()) {
      envelope.hold();
      outlet.offerNotice(envelope);
    }
  }

  /** Throws `StatusError`: `owner_away`, `device_removed`, `token_reused`, `too_many_devices`. */
  join(guest: Guest): void {
    const standing = this.#host?.standing ?? this.#admitWithoutHost();
    const { device, clientKey, outlet } = guest;
    this.#check(guest);
    const isFirst = !this.#keys.has(device);
    this.#keys.set(device, clientKey);
    outlet.offerNotice(greeting(isFirst ? NoticeKind.STARTED : NoticeKind.RESUMED, standing));
    for (const other of this.#guests.values())
      if (other.device !== device) outlet.offerNotice(joined(other, standing));
    const before = this.#guests.get(device);
    this.#guests.set(device, guest);
    if (before) before.end(TAKEN_OVER);
    else this.#tell(guest, (to) => to.offerNotice(joined(guest, standing)));
  }

  part(guest: Guest): void {
    if (this.#guests.get(guest.device) !== guest) return;
    this.#guests.delete(guest.device);
    const standing = this.#host?.standing ?? NOWHERE;
    this.#tell(guest, (to) => to.offerNotice(deviceNotice(NoticeKind.DEVICE_LEFT, guest, standing)));
  }

  /** It stays out for as long as this gateway remembers the session. */
  remove(device: number): void {
    this.#removed.add(device);
    if (this.#removed.size > REMOVED_MAX) this.#removed.delete(this.#removed.values().next().value ?? 0);
    this.#guests.get(device)?.end(REMOVED);
  }

  send(kind: Upward, device: number, request: Buffer, receivedUs: number): Promise<void> | undefined {
    return this.#uplink?.send(kind, device, request, receivedUs);
  }

  #check({ device, clientKey }: Guest): void {
    if (this.#removed.has(device)) throw refused(REMOVED);
    const key = this.#keys.get(device);
    if (key !== undefined && key !== clientKey) {
      const message = 'Another client has claimed this session token.';
      throw new StatusError(status.PERMISSION_DENIED, message, 'token_reused');
    }
    if (this.#guests.size < this.#limits.guestsMax || this.#guests.has(device)) return;
    const message = `At most ${String(this.#limits.guestsMax)} devices take part in a session.`;
    throw new StatusError(status.RESOURCE_EXHAUSTED, message, 'too_many_devices');
  }

  #admitWithoutHost(): Standing {
    if (this.#hostAway) return NOWHERE;
    throw refused(OWNER_AWAY);
  }

  #tell(about: Guest, say: (outlet: Outlet) => void): void {
    if (this.#host) say(this.#host.outlet);
    for (const guest of this.#guests.values()) if (guest !== about) say(guest.outlet);
  }

  #sendAway(why: Status): void {
    for (const guest of this.#guests.values()) guest.end(why);
  }
}

const NOWHERE: Standing = { epoch: 0, nextFrame: 0 };

const joined = (guest: Guest, standing: Standing): Envelope =>
  deviceNotice(NoticeKind.DEVICE_JOINED, guest, standing);

const refused = ({ code, message, meridianCode }: Status) => new StatusError(code, message, meridianCode);

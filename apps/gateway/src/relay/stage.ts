import type { Envelope, PeekedFrame } from '@meridian/worker-client';
import { migrated, type Standing } from './notices.ts';
import type { Outlet } from './outlet.ts';
import type { Host, Party } from './party.ts';
import type { Remembered } from './session-memory.ts';
import type { Uplink } from './uplink.ts';

const REMOVALS_MAX = 64;

/** What one stream of the owner shows: to the owner, and to the guests of the party while it hosts it. */
export class Stage implements Host {
  readonly outlet: Outlet;
  readonly uplink: Uplink;
  readonly party: Party;
  readonly #session: Remembered;
  readonly #removals: number[] = [];

  constructor(session: Remembered, outlet: Outlet, uplink: Uplink) {
    this.#session = session;
    this.outlet = outlet;
    this.uplink = uplink;
    this.party = session.party;
  }

  get standing(): Standing {
    const { place, nextFrame } = this.#session;
    return { epoch: place.claims.epoch, nextFrame };
  }

  /** The worker let this stream in: it is the owner's newest, and what its client asked for before counts. */
  open(): void {
    this.party.welcome(this);
    for (const device of this.#removals.splice(0)) this.party.remove(device);
  }

  /** Asked by a client that no worker has let in yet, it waits: the client may be a thief with a copied token. */
  removeDevice(device: number): void {
    if (this.party.isHostedBy(this)) this.party.remove(device);
    else if (this.#removals.length < REMOVALS_MAX) this.#removals.push(device);
  }

  showFrame(frame: PeekedFrame, envelope: Envelope, receivedAtMs: number): void {
    if (this.party.looksAt(this)) this.party.showFrame(frame, envelope, receivedAtMs);
    this.outlet.offerFrame(frame, envelope, receivedAtMs);
  }

  showNotice(envelope: Envelope): void {
    if (this.party.looksAt(this)) this.party.showNotice(envelope);
    this.outlet.offerNotice(envelope);
  }

  /** The owner gets the token of the new place: with it, any gateway leads it there. It is a secret before guests. */
  showMigrated(standing: Standing): void {
    if (this.party.looksAt(this)) this.party.showNotice(migrated(standing));
    this.outlet.offerNotice(migrated(standing, this.#session.place.sessionToken));
  }
}

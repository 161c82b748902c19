// The stream of a paired device, from its admission to its end. It has no worker of its own: it takes part in what the
// owner's relay does at this gateway.
import { StatusError, statusOf, type Status } from '@meridian/worker-client';
import type { Ticket } from '../token/admit.ts';
import type { ClientStream } from './client-stream.ts';
import { Outlet } from './outlet.ts';
import { Party, type Guest } from './party.ts';
import type { RelayDeps } from './relay.ts';
import { carryRequests, type Destination, type Role } from './requests.ts';
import { CLIENT_GONE, CLIENT_STUCK, LAST_WORDS_MS } from './stream-ends.ts';

/** For a session that this gateway does not know: it has no host. */
const NO_PARTY = new Party();

export class DeviceStream implements Guest {
  readonly device: number;
  readonly role: Role;
  readonly clientKey: string;
  readonly outlet: Outlet;
  readonly #deps: RelayDeps;
  readonly #client: ClientStream;
  readonly #party: Party;
  #isOver = false;
  #end: (why: Status) => void = () => undefined;
  readonly #ended = new Promise<Status>((resolve) => (this.#end = resolve));

  constructor(deps: RelayDeps, client: ClientStream, { place: { claims }, clientKey }: Ticket) {
    this.#deps = deps;
    this.#client = client;
    this.device = claims.device;
    this.role = claims.role;
    this.clientKey = clientKey;
    this.#party = deps.memory.find(claims.sessionId)?.party ?? NO_PARTY;
    this.outlet = new Outlet({
      ...{ client, metrics: deps.metrics, fromKeyframe: true },
      onStuck: () => this.end(CLIENT_STUCK),
    });
  }

  end(why: Status): void {
    this.#isOver = true;
    this.#end(why);
  }

  /** As long as the owner's relay goes on and the device stays. Never throws. */
  async run(): Promise<Status> {
    const { metrics } = this.#deps;
    this.#client.gone.addEventListener('abort', () => this.end(CLIENT_GONE), { once: true });
    if (this.#client.gone.aborted) this.end(CLIENT_GONE);
    metrics.devices.inc();
    const end = await this.#takePart().catch((error: unknown) => this.#statusOfThrown(error));
    metrics.devices.dec();
    this.#party.part(this);
    await this.outlet.drain(LAST_WORDS_MS);
    this.outlet.close();
    await this.#client.close(end);
    return end;
  }

  async #takePart(): Promise<Status> {
    this.#party.join(this);
    const { actionsPerSecondMax } = this.#deps.limits;
    const { device, role } = this;
    const to: Destination = {
      send: (...request) => (this.#isOver ? undefined : this.#party.send(...request)),
      remove: () => undefined,
    };
    carryRequests(this.#client.requests, { device, role, actionsPerSecondMax }, to).catch((error: unknown) =>
      this.end(statusOf(error)),
    );
    return this.#ended;
  }

  #statusOfThrown(error: unknown): Status {
    if (!(error instanceof StatusError)) this.#deps.logger.error({ err: error }, 'device stream failed');
    return statusOf(error);
  }
}

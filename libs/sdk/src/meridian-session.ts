// 1. The stream is the truth of what this client plays; the event feed is the truth of the queue, the placement and
//    the cost. Either may be away while the other goes on (L4).
// 2. A session ends once: the first of a notice, a feed event, a reply to DELETE or a hopeless stream wins.
import type { ActionInput } from './action-input.ts';
import type { Clock } from './clock.ts';
import { Emitter } from './emitter.ts';
import { isRecord, MeridianError } from './errors.ts';
import { EventFeed, type FeedEvent } from './event-feed.ts';
import { finalUsage } from './final-usage.ts';
import type { FrameFormat } from './frame-format.ts';
import type { Frame } from './frame.ts';
import type { HttpApi } from './http-api.ts';
import { pair, pairedDevices, removePairedDevice, type PairOptions } from './pairing.ts';
import { isFinal } from './refusals.ts';
import type { SessionEnd, SessionEvents } from './session-events.ts';
import { SessionLink, type FramesOptions } from './session-link.ts';
import { endOfSession, isSession } from './session-notice.ts';
import { newerSession, sessionState } from './session-state.ts';
import type { StatsSnapshot } from './stream-stats.ts';
import type { Connection, PairedDevice, Pairing, Session, SessionState, Usage } from './types.ts';
import type { SocketConstructor } from './web-socket.ts';

export interface SessionPorts {
  readonly api: HttpApi;
  readonly WebSocket: SocketConstructor;
  readonly clock: Clock;
  readonly random: () => number;
}

interface PageTarget {
  addEventListener(type: 'pagehide', listener: () => void): void;
  removeEventListener(type: 'pagehide', listener: () => void): void;
}

/** One user's walk through one world, from the open to its end. Made by `Meridian.open`. */
export class MeridianSession {
  readonly id: string;
  /** Resolves when the session is over, with its final usage; never rejects. */
  readonly ended: Promise<SessionEnd>;
  readonly #ports: SessionPorts;
  readonly #events: Emitter<SessionEvents>;
  readonly #feed: EventFeed;
  readonly #link: SessionLink;
  #session: Session;
  #state: SessionState;
  #streaming = false;
  #usage: Usage | undefined;
  #end: SessionEnd | undefined;
  #ending: Promise<SessionEnd> | undefined;
  #resolveEnded: (end: SessionEnd) => void = () => undefined;

  /** `openedAtMs`: client clock at which the session was asked for, Unix ms. */
  constructor(ports: SessionPorts, session: Session, openedAtMs: number) {
    const { api, WebSocket, clock, random } = ports;
    this.id = session.id;
    this.#ports = ports;
    this.#session = session;
    this.#state = session.state;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    this.#events = new Emitter((event, thrown) => {
      if (event !== 'error') this.#events.emit('error', MeridianError.listenerFailed(event, thrown));
    });
    this.#feed = new EventFeed({
      ...{ api, clock, random, path: `${this.#path}/events` },
      onEvent: (event) => this.#hear(event),
      onRefused: (error) => this.#events.emit('error', error),
    });
    this.#link = new SessionLink({
      ...{ WebSocket, clock, random, device: 0, openedAtMs, events: this.#events, isFinal },
      onPhase: () => this.#publish(),
      refresh: () => this.#refresh(),
      onEnded: (end) => this.#finish(end),
      onFailed: (error) => void this.#giveUp(error),
    });
    void this.#feed.run();
    this.#learn(session);
  }

  /** Calls `listener` on every `event`; the answer stops that. */
  on<E extends keyof SessionEvents>(event: E, listener: (payload: SessionEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /**
   * Frames from now on, until the session ends or `signal` fires. A slow reader misses the older ones: at most
   * `buffer` frames (default 4) wait for it.
   */
  frames(options?: FramesOptions): AsyncIterableIterator<Frame> {
    return this.#link.frames(options);
  }

  /**
   * Says what the user does from now on; it holds until the next call. At most 60 actions go out a second, the
   * newest call wins. Before the stream is open the newest is kept; after the end it is ignored.
   * Answers the action's number. Throws MeridianError `invalid_action`.
   */
  send(action: ActionInput): number {
    return this.#link.send(action);
  }

  /**
   * Asks for another encoding, size or quality from the next frame on; it holds until the next call, over reconnects
   * and migrations. `{}` goes back to the worker's own choice. Every frame says what it is. Throws MeridianError
   * `invalid_format`.
   */
  setFormat(format: FrameFormat): void {
    this.#link.setFormat(format);
  }

  /**
   * A code with which one other device may join this session within five minutes, as `Meridian.join` takes it.
   * Throws MeridianError, such as `too_many_devices`.
   */
  pair(options: PairOptions = {}): Promise<Pairing> {
    return pair(this.#ports.api, this.#path, options);
  }

  /** The devices that were ever paired with this session, those that were removed among them. Throws MeridianError. */
  devices(): Promise<readonly PairedDevice[]> {
    return pairedDevices(this.#ports.api, this.#path);
  }

  /**
   * Sends a paired device away for good: at once over the stream, and in the record. Removing twice is the same as
   * once. Throws MeridianError when the record could not be written; the device is away all the same.
   */
  async removeDevice(device: number): Promise<void> {
    this.#link.removeDevice(device);
    await removePairedDevice(this.#ports.api, this.#path, device);
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The control plane's newest word on the session: placement, region, metadata. */
  get info(): Session {
    return this.#session;
  }

  get region(): string | undefined {
    return this.#session.placement?.region ?? this.#session.region;
  }

  /** The epoch that frames come at, or the one of the placement before the first. */
  get epoch(): number {
    return Math.max(this.#link.epoch, this.#session.epoch);
  }

  get usage(): Usage | undefined {
    return this.#usage;
  }

  get stats(): StatsSnapshot {
    return this.#link.stats;
  }

  /** Ends the session and answers how it ended, with its final usage. Ending twice is the same as once. Throws MeridianError. */
  end(): Promise<SessionEnd> {
    this.#ending ??= this.#requestEnd().catch((error: unknown) => {
      this.#ending = undefined;
      throw error;
    });
    return this.#ending;
  }

  /** Ends the session when the page goes away, so that a closed tab pays for nothing. The answer undoes this. */
  endOnPageHide(page: PageTarget = globalThis as unknown as PageTarget): () => void {
    const onHide = (): void => {
      if (this.#end) return;
      this.#ports.api.deleteInBackground(this.#path);
      this.#finish({ reason: 'client_ended', detail: 'The page was closed.' });
    };
    page.addEventListener('pagehide', onHide);
    return () => page.removeEventListener('pagehide', onHide);
  }

  get #path(): string {
    return `/v1/sessions/${encodeURIComponent(this.id)}`;
  }

  async #requestEnd(): Promise<SessionEnd> {
    if (!this.#end) {
      const session = await this.#ports.api.json<Session>({ method: 'DELETE', path: this.#path });
      this.#finish({ reason: 'client_ended', ...endOfSession(session) });
    }
    return this.ended;
  }

  #hear({ type, data }: FeedEvent): void {
    if (isSession(data['session'])) this.#learn(data['session']);
    if (type === 'queue' && this.#link.phase === 'none' && !this.#streaming) {
      const place = isRecord(data['queue']) ? data['queue'] : data;
      const queue = { position: Number(place['position']), etaMs: Number(place['etaMs']) };
      this.#session = { ...this.#session, queue };
      this.#events.emit('queue', queue);
    }
    if (type === 'usage') this.#meter((isRecord(data['usage']) ? data['usage'] : data) as unknown as Usage);
  }

  /** Takes up what the control plane says: an end, or the connection that a queued session was waiting for. */
  #learn(heard: Session): void {
    this.#session = newerSession(this.#session, heard);
    if (heard.state === 'ended') return this.#finish({ reason: 'client_lost', ...endOfSession(heard) });
    this.#publish();
    if (this.#streaming || heard.state === 'queued') return;
    this.#streaming = true;
    void this.#play(heard.connection);
  }

  async #play(known: Connection | undefined): Promise<void> {
    const connection = known ?? (await this.#refresh());
    if (this.#end) return;
    if (connection) return this.#link.run(connection);
    this.#streaming = false;
  }

  /** The session as the control plane has it now; the connection in it is fresh. Never rejects. */
  async #refresh(): Promise<Connection | undefined> {
    try {
      const session = await this.#ports.api.json<Session>({ path: this.#path, attempts: 1 });
      this.#learn(session);
      return session.connection;
    } catch (thrown) {
      const error = MeridianError.from(thrown);
      if (error.status === 404) this.#finish({ reason: 'client_lost', error });
      return undefined;
    }
  }

  #meter(usage: Usage): void {
    if (typeof usage.costNano !== 'string' || this.#usage?.final) return;
    this.#usage = usage;
    this.#events.emit('usage', usage);
  }

  #publish(): void {
    const state = sessionState(this.#session, this.#link.phase, this.#end !== undefined);
    const previous = this.#state;
    if (state === previous) return;
    this.#state = state;
    this.#events.emit('state', { state, previous, session: this.#session });
  }

  /** The stream cannot be had: the control plane says why, or the slot is given back so that no ghost holds it. */
  async #giveUp(error: MeridianError): Promise<void> {
    if (this.#end) return;
    this.#events.emit('error', error);
    await this.#refresh();
    if (this.#end) return;
    if (error.code !== 'token_reused') this.#ports.api.deleteInBackground(this.#path);
    this.#finish({ reason: 'client_lost', detail: error.message, error });
  }

  #finish(end: SessionEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#link.close();
    this.#feed.close();
    this.#publish();
    this.#events.emit('ended', end);
    void this.#settle(end);
  }

  async #settle(end: SessionEnd): Promise<void> {
    const usage = await finalUsage(this.#ports.api, this.#ports.clock, `${this.#path}/usage`);
    if (usage) this.#meter(usage);
    const newest = usage ?? this.#usage;
    this.#resolveEnded({ ...end, ...(newest && { usage: newest }) });
  }
}

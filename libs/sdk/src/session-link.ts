// What the owner of a session and a paired device have in common: one stream with its frames, notices, actions and
// figures. Frame numbers rise over reconnects, gateways and workers; an older frame is as good as none.
import type { Notice, PlayResponse } from '@meridian/protocol';
import type { ActionInput } from './action-input.ts';
import { ActionSender } from './action-sender.ts';
import type { Clock } from './clock.ts';
import { drawKey } from './draw.ts';
import type { MeridianError } from './errors.ts';
import { FormatSender } from './format-sender.ts';
import { FrameChannel } from './frame-channel.ts';
import type { FrameFormat } from './frame-format.ts';
import { toFrame, type Frame } from './frame.ts';
import { PlayStream } from './play-stream.ts';
import { RemovalSender } from './removal-sender.ts';
import type { DeviceChange, SessionEnd, StreamEvents } from './session-events.ts';
import { endOfNotice, toDeviceChange, toEndingSoon, toNotice } from './session-notice.ts';
import type { StreamPhase } from './session-state.ts';
import { StreamStats, type StatsSnapshot } from './stream-stats.ts';
import type { Connection } from './types.ts';
import type { SocketConstructor } from './web-socket.ts';

export interface LinkPorts {
  readonly WebSocket: SocketConstructor;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whose stream it is; 0 is the session's owner. */
  readonly device: number;
  /** Client clock at which the session was asked for, Unix ms. */
  readonly openedAtMs: number;
  readonly events: { emit<E extends keyof StreamEvents>(event: E, payload: StreamEvents[E]): void };
  readonly onPhase: (phase: StreamPhase) => void;
  readonly isFinal: (refusal: MeridianError) => boolean;
  readonly refresh: () => Promise<Connection | undefined>;
  /** The session is over, says the stream. */
  readonly onEnded: (end: SessionEnd) => void;
  /** The stream cannot be had. */
  readonly onFailed: (error: MeridianError) => void;
}

export class SessionLink {
  readonly #ports: LinkPorts;
  readonly #frames = new FrameChannel();
  readonly #stats: StreamStats;
  readonly #sender: ActionSender;
  readonly #formats: FormatSender;
  readonly #removals: RemovalSender;
  readonly #stream: PlayStream;
  #phase: StreamPhase = 'none';
  #lastNumber = -1;
  #epoch = 0;
  #closed = false;

  constructor(ports: LinkPorts) {
    const { clock, events } = ports;
    this.#ports = ports;
    this.#stats = new StreamStats(ports.openedAtMs, ports.device);
    const write = (bytes: Uint8Array): boolean => this.#stream.write(bytes);
    const onSent = this.#stats.sent.bind(this.#stats);
    this.#sender = new ActionSender({
      clock,
      write,
      onSent: (action) => onSent(action, this.#stream.opened),
    });
    this.#formats = new FormatSender(write);
    this.#removals = new RemovalSender(write);
    this.#stream = new PlayStream({
      ...{ WebSocket: ports.WebSocket, clock, random: ports.random, clientKey: drawKey() },
      ...{ isFinal: ports.isFinal, refresh: ports.refresh, onFailed: ports.onFailed },
      // Where the owner is, its gateway knows the number.
      nextFrame: () => (ports.device === 0 && this.#lastNumber >= 0 ? this.#lastNumber + 1 : undefined),
      isMigrating: () => this.#phase === 'migrating',
      onOpen: () => {
        this.#removals.streamOpened();
        this.#formats.streamOpened();
        this.#sender.streamOpened();
      },
      onMessage: (message, bytes) => this.#receive(message, bytes),
      onLost: (reconnecting) => {
        this.#setPhase(this.#lastNumber < 0 ? 'none' : 'lost');
        events.emit('reconnecting', reconnecting);
      },
    });
  }

  /** Runs until `close` or `onFailed`; never rejects. */
  run(connection: Connection): Promise<void> {
    return this.#stream.run(connection);
  }

  get phase(): StreamPhase {
    return this.#phase;
  }

  /** The epoch that frames come at; 0 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  get stats(): StatsSnapshot {
    return this.#stats.snapshot(this.#ports.clock.nowMs());
  }

  frames({ buffer = 4, signal }: FramesOptions = {}): AsyncIterableIterator<Frame> {
    return this.#frames.read(buffer, signal);
  }

  send(action: ActionInput): number {
    return this.#closed ? 0 : this.#sender.send(action);
  }

  setFormat(format: FrameFormat): void {
    this.#formats.ask(format);
  }

  removeDevice(device: number): void {
    this.#removals.remove(device);
  }

  close(): void {
    this.#closed = true;
    this.#stream.close();
    this.#sender.close();
    this.#frames.close();
  }

  #receive(message: PlayResponse, bytes: number): void {
    this.#stats.received(bytes);
    if (message.message?.$case === 'notice') this.#take(message.message.value);
    if (message.message?.$case !== 'frame' || this.#closed) return;
    this.#formats.flush();
    const wire = message.message.value;
    if (wire.number <= this.#lastNumber) return;
    const nowMs = this.#ports.clock.nowMs();
    const arrival = { nowMs, gatewaySentUs: message.gatewaySentUs, stream: this.#stream.opened };
    const frame = toFrame(wire, nowMs, this.#stats.frame(wire, arrival));
    if (wire.lastActionDevice === this.#ports.device) this.#sender.seen(wire.lastActionSeq);
    this.#lastNumber = wire.number;
    this.#epoch = wire.epoch;
    this.#setPhase('attached');
    this.#frames.push(frame);
    this.#ports.events.emit('frame', frame);
  }

  #take(wire: Notice): void {
    const { events, clock, onEnded } = this.#ports;
    const notice = toNotice(wire);
    this.#epoch = Math.max(this.#epoch, notice.epoch);
    if (wire.sessionToken) this.#stream.takeToken(wire.sessionToken);
    events.emit('notice', notice);
    switch (notice.kind) {
      case 'started':
      case 'resumed':
      case 'migrated':
        this.#setPhase('attached');
        return events.emit(notice.kind, notice);
      case 'migrating':
        this.#setPhase('migrating');
        return events.emit('migrating', notice);
      case 'ending-soon':
        return events.emit('endingSoon', toEndingSoon(wire, clock.nowMs()));
      case 'device-joined':
        return events.emit('deviceJoined', toDeviceChange(wire));
      case 'device-left':
        return this.#left(toDeviceChange(wire));
      case 'ended':
        return onEnded(endOfNotice(wire));
      case 'waiting':
      case 'unknown':
    }
  }

  #left(change: DeviceChange): void {
    const wasSteering = change.role === 'controller' && this.#ports.device === 0;
    if (wasSteering) this.#sender.takeOver();
    this.#ports.events.emit('deviceLeft', change);
  }

  #setPhase(phase: StreamPhase): void {
    this.#phase = phase;
    this.#ports.onPhase(phase);
  }
}

export interface FramesOptions {
  /** Frames that wait for a slow reader; default 4. */
  readonly buffer?: number;
  readonly signal?: AbortSignal;
}

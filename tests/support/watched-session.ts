// A session as its client's wire saw it: also the frames that the SDK would pass over, and what lies between two of them.

import { setTimeout as delay } from 'node:timers/promises';
import { Meridian, type MeridianSession, type OpenOptions, type SessionEnd } from '@meridian/sdk';
import { peek } from '@meridian/worker-client';

export interface WireFrame {
  readonly atMs: number;
  readonly number: number;
  readonly epoch: number;
  /** The gateway's address. */
  readonly gateway: string;
  /** Which of the client's sockets, counted from 0. */
  readonly socket: number;
}

/** From the last frame before to the first one after, at the client. */
export interface Pause {
  readonly ms: number;
  readonly endedAtMs: number;
  /** The session came to another worker, or only to the client by another stream. */
  readonly by: 'worker' | 'gateway';
}

const POLL_MS = 5;

export class WatchedSession {
  readonly session: MeridianSession;
  readonly frames: WireFrame[];
  readonly pauses: Pause[] = [];
  /** Frames whose number was no higher than the one before, whichever way they came. */
  repeated = 0;
  /** How it ended, when nobody had asked for that. */
  lost: SessionEnd | undefined;
  #isWanted = true;

  private constructor(session: MeridianSession, frames: WireFrame[]) {
    this.session = session;
    this.frames = frames;
    void session.ended.then((end) => {
      if (this.#isWanted) this.lost = end;
    });
  }

  static async open(url: string, apiKey: string, options: OpenOptions): Promise<WatchedSession> {
    const heard: WireFrame[] = [];
    let onFrame = (frame: WireFrame): void => void heard.push(frame);
    let sockets = 0;
    class Tapped extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols);
        const socket = sockets;
        sockets += 1;
        const gateway = new URL(address).host;
        this.addEventListener('message', ({ data }: MessageEvent) => {
          const message = peek(Buffer.from(data as ArrayBuffer));
          if (message.kind !== 'frame') return;
          const { number, epoch } = message;
          onFrame({ atMs: performance.now(), number, epoch, gateway, socket });
        });
      }
    }
    const meridian = new Meridian({ baseUrl: url, apiKey, WebSocket: Tapped });
    const watched = new WatchedSession(await meridian.open(options), []);
    heard.forEach((frame) => watched.#take(frame));
    onFrame = (frame) => watched.#take(frame);
    return watched;
  }

  get last(): WireFrame | undefined {
    return this.frames.at(-1);
  }

  /** Waits until the newest frame satisfies `holds`; fails after `withinMs`, or when the session ends instead. */
  async until(what: string, withinMs: number, holds: (frame: WireFrame) => boolean): Promise<WireFrame> {
    const deadlineMs = performance.now() + withinMs;
    for (;;) {
      const { last } = this;
      if (last && holds(last)) return last;
      if (this.lost) throw new Error(`The session ended: ${this.lost.reason} ${this.lost.detail ?? ''}`);
      if (performance.now() > deadlineMs) throw new Error(`Waited ${withinMs} ms for ${what}.`);
      await delay(POLL_MS);
    }
  }

  /** Waits until it has played on for so many frames from now. */
  async plays(frames: number, withinMs = 20_000): Promise<void> {
    const wanted = this.frames.length + frames;
    await this.until(`${frames} frames`, withinMs, () => this.frames.length >= wanted);
  }

  end(): Promise<SessionEnd> {
    this.#isWanted = false;
    return this.session.end();
  }

  #take(frame: WireFrame): void {
    const { last } = this;
    if (last && frame.number <= last.number) {
      this.repeated += 1;
      return;
    }
    this.frames.push(frame);
    if (!last) return;
    const isMoved = frame.epoch !== last.epoch;
    if (!isMoved && frame.socket === last.socket) return;
    const ms = frame.atMs - last.atMs;
    this.pauses.push({ ms, endedAtMs: frame.atMs, by: isMoved ? 'worker' : 'gateway' });
  }
}

// One region under fire: its sessions, and what is done to the processes they run on. A lane does one thing at a time; every
// pause of its sessions while it does is put down to that.
//
// Each fault waits until the sessions play again, and until what was killed has been started again as far as the next
// fault needs it: nothing here measures two faults on top of each other.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ThrowAway } from '@meridian/embedded';
import { WatchedSession } from '../../support/watched-session.ts';

export interface Fault {
  /** What each session that was hit saw. */
  readonly pausesMs: readonly number[];
}

interface Worker {
  readonly id: string;
  readonly region: string;
  readonly health: string;
  readonly slots: number;
  readonly usedSlots: number;
}

interface RegionFile {
  readonly id: string;
  readonly gateways: readonly { readonly url: string }[];
}

const POLL_MS = 50;
/** In mid-stream, with a checkpoint (one a second), and past what the SDK remembers of the gaps of the fault before. */
const FRAMES_BEFORE = 70;
const BACK_MS = 30_000;
const STARTED_MS = 60_000;

export class RegionUnderFire {
  readonly #system: ThrowAway;
  readonly #region: string;
  readonly #gateways: readonly string[];
  readonly sessions: WatchedSession[] = [];
  /** Of those that had ended, and were opened anew. */
  readonly former: WatchedSession[] = [];

  constructor(system: ThrowAway, region: string) {
    this.#system = system;
    this.#region = region;
    const file = readFileSync(path.join(system.data.run, 'regions.json'), 'utf8');
    const all = JSON.parse(file) as readonly RegionFile[];
    const mine = all.find(({ id }) => id === region)?.gateways ?? [];
    this.#gateways = mine.map(({ url }) => new URL(url).host);
  }

  async play(sessions: number, model: string): Promise<void> {
    const rttMs = { 'us-east': 500, 'eu-west': 500, [this.#region]: 1 };
    const { url, secrets } = this.#system;
    for (let each = 0; each < sessions; each += 1) {
      this.sessions.push(await WatchedSession.open(url, secrets.playKey, { model, rttMs }));
    }
    await this.#settled();
  }

  async end(): Promise<void> {
    await Promise.allSettled(this.sessions.map((each) => each.end()));
  }

  /** SIGKILL under the worker with the most sessions. */
  async killWorker(): Promise<Fault> {
    const { workerId, hit } = await this.#crowded();
    return this.#during(hit, 'worker', () => this.#signal(`worker-${workerId}`, 'SIGKILL'));
  }

  /** SIGKILL under the gateway with the most sessions. */
  async killGateway(): Promise<Fault> {
    const { name, hit } = await this.#busyGateway();
    return this.#during(hit, 'gateway', () => this.#signal(name, 'SIGKILL'));
  }

  /** Drained by an operator; taken back once it is empty. */
  async drainWorker(): Promise<Fault> {
    const { workerId, hit } = await this.#crowded();
    const fault = await this.#during(hit, 'worker', () => this.#drain(workerId, true));
    await this.#until(`${workerId} to be empty`, async () =>
      (await this.#workers()).some(({ id, usedSlots }) => id === workerId && usedSlots === 0),
    );
    await this.#drain(workerId, false);
    return fault;
  }

  /** As a host that vanishes: SIGSTOP, and SIGCONT once the sessions play elsewhere. */
  async stopWorker(): Promise<Fault> {
    const { workerId, hit } = await this.#crowded();
    return this.#stopped(`worker-${workerId}`, hit, 'worker');
  }

  async stopGateway(): Promise<Fault> {
    const { name, hit } = await this.#busyGateway();
    return this.#stopped(name, hit, 'gateway');
  }

  async #stopped(name: string, hit: readonly WatchedSession[], by: 'worker' | 'gateway'): Promise<Fault> {
    try {
      return await this.#during(hit, by, () => this.#signal(name, 'SIGSTOP'));
    } finally {
      this.#signal(name, 'SIGCONT');
    }
  }

  async #during(
    hit: readonly WatchedSession[],
    by: 'worker' | 'gateway',
    strike: () => void | Promise<void>,
  ): Promise<Fault> {
    const sinceMs = performance.now();
    const before = hit.map((session) => session.pauses.length);
    await strike();
    const isBack = (session: WatchedSession, index: number) =>
      session.lost !== undefined || session.pauses.slice(before[index]).some((pause) => pause.by === by);
    const deadlineMs = sinceMs + BACK_MS;
    while (!hit.every(isBack) && performance.now() < deadlineMs) await delay(POLL_MS);
    return { pausesMs: hit.map((session, index) => longest(session, before[index] ?? 0, sinceMs)) };
  }

  /** A worker with sessions on it, the most first, and room for them elsewhere. */
  async #crowded(): Promise<{ readonly workerId: string; readonly hit: readonly WatchedSession[] }> {
    await this.#settled();
    const places = await Promise.all(this.sessions.map((session) => this.#workerOf(session)));
    const workerId = mostCommon(places);
    const hit = this.sessions.filter((_session, index) => places[index] === workerId);
    await this.#until('room on other workers', async () => {
      const others = (await this.#workers()).filter(
        ({ id, health }) => id !== workerId && health === 'ready',
      );
      return others.reduce((free, { slots, usedSlots }) => free + slots - usedSlots, 0) >= hit.length;
    });
    return { workerId, hit };
  }

  /** A gateway with sessions on it, the most first, and another one that is ready. */
  async #busyGateway(): Promise<{ readonly name: string; readonly hit: readonly WatchedSession[] }> {
    await this.#settled();
    const host = mostCommon(this.sessions.map(({ last }) => last?.gateway ?? ''));
    await this.#until('another gateway', async () => {
      const others = this.#gateways.filter((each) => each !== host);
      return (await Promise.all(others.map(isReady))).every(Boolean);
    });
    const name = `gateway-${this.#region}-${this.#gateways.indexOf(host) + 1}`;
    return { name, hit: this.sessions.filter(({ last }) => last?.gateway === host) };
  }

  /** All play; one that was lost is opened anew, and stays counted. */
  async #settled(): Promise<void> {
    for (const [index, session] of this.sessions.entries()) {
      if (session.lost === undefined) continue;
      this.former.push(session);
      const { url, secrets } = this.#system;
      const rttMs = { 'us-east': 500, 'eu-west': 500, [this.#region]: 1 };
      const model = session.session.info.model;
      this.sessions[index] = await WatchedSession.open(url, secrets.playKey, { model, rttMs });
    }
    await Promise.all(this.sessions.map((session) => session.plays(FRAMES_BEFORE, BACK_MS)));
  }

  async #workerOf({ session }: WatchedSession): Promise<string> {
    const { url, secrets } = this.#system;
    const headers = { authorization: `Bearer ${secrets.playKey}` };
    const response = await fetch(`${url}/v1/sessions/${session.id}`, { headers });
    const { placement } = (await response.json()) as { placement: { workerId: string } };
    return placement.workerId;
  }

  async #workers(): Promise<readonly Worker[]> {
    const { url, secrets } = this.#system;
    const headers = { authorization: `Bearer ${secrets.adminKey}` };
    const { workers } = (await (await fetch(`${url}/admin/v1/workers`, { headers })).json()) as {
      workers: Worker[];
    };
    return workers.filter(({ region }) => region === this.#region);
  }

  async #drain(workerId: string, drain: boolean): Promise<void> {
    const { url, secrets } = this.#system;
    const headers = { authorization: `Bearer ${secrets.adminKey}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ drain });
    const path = `${url}/admin/v1/workers/${workerId}/drain`;
    const { status } = await fetch(path, { method: 'POST', headers, body });
    if (status !== 204) throw new Error(`Draining ${workerId} was answered with ${status}.`);
  }

  #signal(name: string, signal: NodeJS.Signals): void {
    process.kill(this.#system.pidOf(name) ?? NaN, signal);
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + STARTED_MS;
    while (!(await holds())) {
      if (performance.now() > deadlineMs) throw new Error(`Waited ${STARTED_MS} ms for ${what}.`);
      await delay(POLL_MS);
    }
  }
}

/** Of the pauses since then; one that did not end lasts as long as was waited for it. */
function longest(session: WatchedSession, from: number, sinceMs: number): number {
  const pauses = session.pauses.slice(from);
  return pauses.length > 0 ? Math.max(...pauses.map(({ ms }) => ms)) : performance.now() - sinceMs;
}

function mostCommon(values: readonly string[]): string {
  const count = (value: string) => values.filter((each) => each === value).length;
  return [...values].sort((a, b) => count(b) - count(a))[0] ?? '';
}

async function isReady(host: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}/readyz`, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

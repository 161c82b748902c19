import type { IncomingMessage, ServerResponse } from 'node:http';
import { Action, Codec, FrameFormat, NoticeKind, PlayRequest, PlayResponse } from '@meridian/protocol';
import type { WebSocket } from 'ws';
import type { EndReason, PlacementRecord, RegionVerdict, Session, Usage } from '../types.ts';

interface Stored {
  readonly id: number;
  readonly type: string;
  readonly data: object;
}

const FEASIBLE = { outcome: 'feasible', rttMs: 3, predictedActionToFrameMs: 26, freeSlots: 1 } as const;

interface About {
  readonly id: string;
  readonly model: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly streamUrl: string;
}

/** One session of the fake: what its control plane, gateway and worker would say. */
export class FakeSession {
  readonly id: string;
  /** Actions as they arrived. */
  readonly actions: Action[] = [];
  readonly formats: FrameFormat[] = [];
  /** Client keys of the streams, in the order they came. */
  readonly clientKeys: string[] = [];
  readonly lastEventIds: (string | undefined)[] = [];
  /** When set, every action is answered with a frame that has seen it. */
  echo = false;
  token: string;
  activeMs = 0;
  frameNumber = 0;
  epoch = 0;
  #state: Session['state'] = 'reserved';
  #endReason: EndReason | undefined;
  #queue: Session['queue'];
  #updates = 0;
  readonly #about: About;
  readonly #events: Stored[] = [];
  #followers: ServerResponse[] = [];
  #client: WebSocket | undefined;
  #waitingForClient: (() => void)[] = [];

  constructor(about: About, holdMs: number) {
    this.id = about.id;
    this.#about = about;
    const claims = Buffer.from(JSON.stringify({ sub: about.id, mer: { holdMs } })).toString('base64url');
    this.token = `eyJhbGciOiJFZERTQSJ9.${claims}.c2ln`;
  }

  queue(position: number, etaMs: number): void {
    this.#state = 'queued';
    this.#queue = { position, etaMs };
    this.tell('queue', { position, etaMs });
  }

  reserve(): void {
    this.#state = 'reserved';
    this.epoch += 1;
    this.tell('reserved');
  }

  end(reason: EndReason, detail = ''): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#endReason = reason;
    this.notice(NoticeKind.ENDED, { endReason: reason, detail });
    this.tell('ended');
    for (const follower of this.#followers) follower.end();
    this.#client?.close(1000);
  }

  /** Ends the session in the record only, as if the stream had not been told. */
  endInRecord(reason: EndReason): void {
    this.#state = 'ended';
    this.#endReason = reason;
  }

  attach(client: WebSocket, key: string): void {
    const first = this.clientKeys.length === 0;
    if (!first && !this.clientKeys.includes(key)) return client.close(4007, 'token_reused');
    this.clientKeys.push(key);
    this.#client = client;
    this.#state = 'active';
    client.on('message', (bytes: Buffer) => this.#act(bytes));
    client.on('close', () => {
      if (this.#client === client) this.#client = undefined;
    });
    this.notice(first ? NoticeKind.STARTED : NoticeKind.RESUMED, { nextFrameNumber: this.frameNumber + 1 });
    for (const wake of this.#waitingForClient.splice(0)) wake();
    return undefined;
  }

  /** Resolves when a stream is open; at once when one is. */
  async attached(): Promise<void> {
    if (!this.#client) await new Promise<void>((resolve) => this.#waitingForClient.push(resolve));
  }

  frame(lastActionSeq = 0, image: Uint8Array = new Uint8Array([0xff, 0xd8]), skip = 0): void {
    this.frameNumber += 1 + skip;
    const us = Date.now() * 1_000;
    const frame = {
      ...{ number: this.frameNumber, keyframe: true, codec: Codec.JPEG, width: 128, height: 72 },
      ...{ lastActionSeq, epoch: this.epoch, actionReceivedUs: us - 9_000, stepStartedUs: us - 6_000 },
      ...{ stepEndedUs: us - 3_000, encodedUs: us - 2_000, image },
    };
    this.#send({ message: { $case: 'frame', value: frame }, gatewaySentUs: us - 1_000 });
  }

  notice(
    kind: NoticeKind,
    more: { endReason?: string; detail?: string; nextFrameNumber?: number } = {},
  ): void {
    const value = { endReason: '', detail: '', nextFrameNumber: 0, ...more, kind, epoch: this.epoch };
    this.#send({ message: { $case: 'notice', value }, gatewaySentUs: 0 });
  }

  /** Breaks the stream without a word. */
  drop(): void {
    this.#client?.terminate();
    this.#client = undefined;
    for (const follower of this.#followers) follower.destroy();
    this.#followers = [];
  }

  close(code: number, reason: string): void {
    this.#client?.close(code, reason);
  }

  /** Sends anything down the stream. */
  raw(bytes: Uint8Array): void {
    this.#client?.send(bytes);
  }

  tell(type: string, more: object = {}): void {
    this.#updates += 1;
    const data = { type, at: new Date(this.#updates).toISOString(), session: this.json(), ...more };
    const stored = { id: this.#events.length + 1, type, data };
    this.#events.push(stored);
    for (const follower of this.#followers) write(follower, stored);
  }

  follow(request: IncomingMessage, response: ServerResponse): void {
    const lastId = request.headers['last-event-id'];
    this.lastEventIds.push(lastId === undefined ? undefined : String(lastId));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const stored of this.#events) if (stored.id > Number(lastId ?? 0)) write(response, stored);
    if (this.#state === 'ended') response.end();
    else this.#followers.push(response);
  }

  usage(): Usage {
    return {
      sessionId: this.id,
      activeMs: this.activeMs,
      frames: this.frameNumber,
      lateFrames: 0,
      costNano: String(Math.floor((this.activeMs * 1_200_000_000) / 3_600_000)),
      currency: 'GBP',
      poundsPerUserHour: 1.2,
      final: this.#state === 'ended',
      asOf: new Date().toISOString(),
    };
  }

  json(): Session {
    const placed = this.#state !== 'queued';
    const considered: RegionVerdict[] = [
      { ...FEASIBLE, region: 'us-east', outcome: 'chosen', reason: 'Lowest predicted action-to-frame time.' },
      {
        ...FEASIBLE,
        region: 'eu-west',
        rttMs: 84,
        predictedActionToFrameMs: 107,
        reason: 'Farther away than us-east.',
      },
    ];
    return {
      ...{
        id: this.id,
        state: this.#state,
        model: this.#about.model,
        metadata: this.#about.metadata,
        epoch: this.epoch,
      },
      createdAt: new Date(0).toISOString(),
      updatedAt: new Date(this.#updates).toISOString(),
      ...(placed && { region: 'us-east' }),
      ...(placed && {
        placement: { region: 'us-east', pool: 'p', workerId: 'us-east-1', slot: 0, width: 1, considered },
      }),
      ...(this.#endReason && { endReason: this.#endReason }),
      ...(!placed && this.#queue && { queue: this.#queue }),
      ...(placed &&
        this.#state !== 'ended' && {
          connection: { streamUrl: this.#about.streamUrl, token: this.token, traceparent: '00-1-2-01' },
        }),
    };
  }

  placements(): PlacementRecord[] {
    const { placement, createdAt: at, epoch } = this.json();
    return placement ? [{ ...placement, at, what: 'reserved', epoch }] : [];
  }

  #act(bytes: Buffer): void {
    const { message } = PlayRequest.decode(bytes);
    if (message?.$case === 'format') this.formats.push(message.value);
    if (message?.$case !== 'action') return;
    this.actions.push(message.value);
    if (this.echo) this.frame(message.value.seq);
  }

  #send(message: PlayResponse): void {
    this.#client?.send(PlayResponse.encode(message).finish());
  }
}

function write(response: ServerResponse, { id, type, data }: Stored): void {
  response.write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

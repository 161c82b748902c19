import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Action,
  Codec,
  Frame,
  FrameFormat,
  Notice,
  NoticeKind,
  PlayRequest,
  PlayResponse,
} from '@meridian/protocol';
import type { WebSocket } from 'ws';
import type { Connection, EndReason, PlacementRecord, RegionVerdict, Session, Usage } from '../types.ts';
import { FakeDevices } from './fake-devices.ts';

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
  /** Of every gateway. */
  readonly streamUrls: readonly string[];
}

/** One session of the fake: what its control plane, gateway and worker would say. */
export class FakeSession {
  readonly id: string;
  /** Actions as they arrived. */
  readonly actions: Action[] = [];
  readonly formats: FrameFormat[] = [];
  readonly devices: FakeDevices;
  /** Client keys of the streams, in the order they came. */
  readonly clientKeys: string[] = [];
  /** The frame number that each of them said it waits for. */
  readonly nextFrames: (string | undefined)[] = [];
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
  readonly #holdMs: number;
  readonly #events: Stored[] = [];
  #followers: ServerResponse[] = [];
  #client: WebSocket | undefined;
  #waitingForClient: (() => void)[] = [];

  constructor(about: About, holdMs: number) {
    this.id = about.id;
    this.#about = about;
    this.#holdMs = holdMs;
    this.token = tokenOf(about.id, { holdMs, epoch: 1 });
    this.devices = new FakeDevices({
      session: about.id,
      model: about.model,
      connectionOf: (device) => this.connection(tokenOf(about.id, { holdMs, device })),
      isOwnerThere: () => this.#client !== undefined,
      onAction: (action) => this.actions.push(action),
      onChange: (kind, device, role) => this.notice(kind, { device, role }),
    });
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
    this.devices.closeAll(1000, '');
  }

  /** Ends the session in the record only, as if the stream had not been told. */
  endInRecord(reason: EndReason): void {
    this.#state = 'ended';
    this.#endReason = reason;
  }

  attach(client: WebSocket, key: string, next?: string): void {
    const first = this.clientKeys.length === 0;
    if (!first && !this.clientKeys.includes(key)) return client.close(4007, 'token_reused');
    this.clientKeys.push(key);
    this.nextFrames.push(next);
    this.#client = client;
    this.#state = 'active';
    client.on('message', (bytes: Buffer) => this.#act(bytes));
    client.on('close', () => {
      if (this.#client !== client) return;
      this.#client = undefined;
      this.devices.closeAll(4014, 'owner_away');
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
    this.sendFrame({ lastActionSeq, image }, skip);
  }

  /** A frame as a worker and a gateway with clocks of their own stamp it. */
  sendFrame(more: Partial<Frame>, skip = 0): void {
    this.frameNumber += 1 + skip;
    const [workerUs, gatewayUs] = [5e15, 7e15];
    const value = Frame.fromPartial({
      ...{ number: this.frameNumber, keyframe: true, codec: Codec.JPEG, width: 128, height: 72 },
      ...{ epoch: this.epoch, actionReceivedUs: workerUs, stepStartedUs: workerUs + 300 },
      ...{ stepEndedUs: workerUs + 600, encodedUs: workerUs + 700, actionGatewayUs: gatewayUs },
      ...more,
    });
    this.#send(
      PlayResponse.fromPartial({ message: { $case: 'frame', value }, gatewaySentUs: gatewayUs + 900 }),
    );
  }

  notice(kind: NoticeKind, more: Partial<Notice> = {}): void {
    const value = Notice.fromPartial({ ...more, kind, epoch: this.epoch });
    this.#send(PlayResponse.fromPartial({ message: { $case: 'notice', value } }));
  }

  /** The session has a place on another worker, and a token of its own for it; older ones lead nowhere. */
  move(): void {
    this.epoch += 1;
    this.token = tokenOf(this.id, { holdMs: this.#holdMs, epoch: this.epoch });
    this.notice(NoticeKind.MIGRATED, { sessionToken: this.token, nextFrameNumber: this.frameNumber + 1 });
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
          connection: this.connection(this.token),
        }),
    };
  }

  connection(token: string): Connection {
    const [streamUrl = '', ...others] = this.#about.streamUrls;
    const alternatives = others.map((url) => ({ streamUrl: url }));
    return { streamUrl, alternatives, token, traceparent: '00-1-2-01' };
  }

  placements(): PlacementRecord[] {
    const { placement, createdAt: at, epoch } = this.json();
    return placement ? [{ ...placement, at, what: 'reserved', epoch }] : [];
  }

  #act(bytes: Buffer): void {
    const { message } = PlayRequest.decode(bytes);
    if (message?.$case === 'removeDevice') this.devices.remove(message.value.device);
    if (message?.$case === 'format') this.formats.push(message.value);
    if (message?.$case !== 'action') return;
    this.actions.push(message.value);
    if (this.echo) this.frame(message.value.seq);
  }

  #send(message: PlayResponse): void {
    const bytes = PlayResponse.encode(message).finish();
    this.#client?.send(bytes);
    this.devices.send(bytes);
  }
}

function tokenOf(sub: string, mer: object): string {
  return `eyJhbGciOiJFZERTQSJ9.${Buffer.from(JSON.stringify({ sub, mer })).toString('base64url')}.c2ln`;
}

function write(response: ServerResponse, { id, type, data }: Stored): void {
  response.write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

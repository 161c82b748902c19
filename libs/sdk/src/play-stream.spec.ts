import { describe, expect, it } from '@jest/globals';
import { NoticeKind } from '@meridian/protocol';
import type { MeridianError } from './errors.ts';
import { PlayStream, type PlayStreamPorts, type Reconnecting } from './play-stream.ts';
import { isFinal } from './refusals.ts';
import { scriptedSockets, type ScriptedSocket } from './testing/scripted-sockets.ts';
import { settled, VirtualClock } from './testing/virtual-clock.ts';
import type { Connection } from './types.ts';

const FIRST = 'ws://first';
const SECOND = 'ws://second';
const THIRD = 'ws://third';
const HOLD_MS = 30_000;

const connectionOf = ([streamUrl = '', ...others]: readonly string[], token = 'a.b.c'): Connection => ({
  ...{ streamUrl, token },
  alternatives: others.map((url) => ({ streamUrl: url })),
});

/** A stream on the virtual clock; `random` is 1 at its largest, so that every delay is the longest it can be. */
async function bench(urls: readonly string[], more: Partial<PlayStreamPorts> = {}) {
  const clock = new VirtualClock();
  const { sockets, WebSocket } = scriptedSockets(clock);
  const lost: Reconnecting[] = [];
  const failures: MeridianError[] = [];
  let migrating = false;
  const stream = new PlayStream({
    ...{ WebSocket, clock, random: () => 1, clientKey: 'key', isFinal },
    nextFrame: () => undefined,
    isMigrating: () => migrating,
    onOpen: () => undefined,
    onMessage: ({ message }) => {
      migrating = message?.$case === 'notice' && message.value.kind === NoticeKind.MIGRATING;
    },
    refresh: () => Promise.resolve(undefined),
    onLost: (reconnecting) => lost.push(reconnecting),
    onFailed: (error) => failures.push(error),
    ...more,
  });
  void stream.run(connectionOf(urls));
  await settled();
  const newest = (): ScriptedSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  };
  /** Frames every `everyMs` for `ms`. */
  const play = async (ms: number, everyMs = 40): Promise<void> => {
    for (let at = 0; at < ms; at += everyMs) {
      newest().frame(at);
      await clock.advance(everyMs);
    }
  };
  const serve = async (): Promise<void> => {
    newest().open();
    newest().notice(NoticeKind.STARTED);
    await play(2_400);
  };
  const breakNewest = async (code?: number, reason?: string): Promise<number> => {
    newest().break(code, reason);
    await settled();
    return clock.nowMs();
  };
  return { clock, sockets, lost, failures, stream, newest, play, serve, breakNewest };
}

describe('a stream with several gateways', () => {
  it('asks the next gateway 0 ms after a dead socket, and keeps the one that serves', async () => {
    const { serve, breakNewest, newest, sockets } = await bench([FIRST, SECOND, THIRD]);
    await serve();
    const brokenAtMs = await breakNewest();
    expect(newest()).toMatchObject({ url: SECOND, openedAtMs: brokenAtMs });
    await serve();
    await breakNewest();
    expect(newest().url).toBe(THIRD);
    await serve();
    await breakNewest();
    expect(sockets.map(({ url }) => url)).toEqual([FIRST, SECOND, THIRD, FIRST]);
  });

  it('asks the next gateway 3.05 s after the last message of a silent one', async () => {
    const { clock, serve, newest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    const silentSinceMs = clock.nowMs() - 40;
    await clock.advance(3_000);
    expect(sockets).toHaveLength(1);
    await clock.advance(50);
    expect(newest()).toMatchObject({ url: SECOND, openedAtMs: silentSinceMs + 3_050 });
    expect(sockets[0]?.isClosed).toBe(true);
  });

  it('waits at most 250 ms when a gateway is stopping, and less by the draw', async () => {
    const late = await bench([FIRST, SECOND]);
    await late.serve();
    const closedAtMs = await late.breakNewest(1012);
    await late.clock.advance(250);
    expect(late.newest()).toMatchObject({ url: SECOND, openedAtMs: closedAtMs + 250 });

    const early = await bench([FIRST, SECOND], { random: () => 0.1 });
    await early.serve();
    await early.breakNewest(4014, 'gateway_stopping');
    expect(early.lost).toMatchObject([{ delayMs: 25, streamUrl: SECOND }]);
  });

  it('asks them in turn with backoff once all have refused, until the hold is over', async () => {
    const { clock, serve, breakNewest, sockets, lost, failures } = await bench([FIRST, SECOND]);
    await serve();
    const heldFromMs = await breakNewest();
    while (failures.length === 0) {
      const known = sockets.length;
      await breakNewest();
      await clock.advance(2_000);
      expect(sockets.length - known + failures.length).toBe(1);
    }
    expect(lost.slice(0, 7).map(({ delayMs }) => delayMs)).toEqual([0, 100, 200, 400, 800, 1_600, 2_000]);
    expect(sockets.slice(0, 4).map(({ url }) => url)).toEqual([FIRST, SECOND, FIRST, SECOND]);
    expect(failures).toMatchObject([{ code: 'stream_lost', cause: { code: 'network' } }]);
    expect(clock.nowMs() - heldFromMs).toBeGreaterThanOrEqual(HOLD_MS);
  });

  it('gives a gateway that hangs 2.5 s to open, and passes it over for 10 s', async () => {
    const { clock, sockets, breakNewest } = await bench([FIRST, SECOND, THIRD]);
    await clock.advance(2_550);
    expect(sockets.map(({ url }) => url)).toEqual([FIRST, SECOND]);
    const hungUntilMs = clock.nowMs() + 10_000;
    while (clock.nowMs() < hungUntilMs + 4_000) {
      await breakNewest(4014, 'owner_away');
      await clock.advance(2_000);
    }
    const urls = sockets.slice(2).map(({ url }) => url);
    expect(urls.slice(0, 4)).toEqual([THIRD, SECOND, THIRD, SECOND]);
    const back = sockets.findIndex(({ url }, index) => index > 0 && url === FIRST);
    expect(sockets[back]?.openedAtMs).toBeGreaterThanOrEqual(hungUntilMs);
  });

  it('does not go back to one that just died while another one answers', async () => {
    const { clock, serve, breakNewest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    await breakNewest();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      await breakNewest(4014, 'owner_away');
      await clock.advance(800);
    }
    expect(sockets.map(({ url }) => url)).toEqual([FIRST, SECOND, SECOND, SECOND, FIRST, SECOND]);
  });

  it('asks gateways that all hang in turn, and gives the last one time: it may only be busy', async () => {
    const { clock, sockets } = await bench([FIRST, SECOND, THIRD]);
    await clock.advance(17_000);
    expect(sockets.map(({ url }) => url)).toEqual([FIRST, SECOND, THIRD, FIRST]);
    const begunMs = sockets.map(({ openedAtMs }) => openedAtMs);
    const waitedMs = begunMs.slice(1).map((atMs, index) => atMs - (begunMs[index] ?? NaN));
    expect(waitedMs.map((ms) => Math.floor(ms / 2_500))).toEqual([1, 1, 4]);
  });

  it('gives the only one that did not die 10 s to open: all the others come to it, too', async () => {
    const { clock, serve, breakNewest, newest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    await breakNewest();
    await clock.advance(10_000);
    expect(newest().url).toBe(SECOND);
    await clock.advance(200);
    expect(sockets.map(({ url }) => url)).toEqual([FIRST, SECOND, FIRST]);
  });

  it('goes on waiting at a gateway that says so, and leaves one that says it no longer', async () => {
    const { clock, serve, breakNewest, newest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    await breakNewest();
    newest().open();
    for (let told = 0; told < 3; told += 1) {
      await clock.advance(6_000);
      newest().notice(NoticeKind.WAITING);
    }
    expect(sockets).toHaveLength(2);
    await clock.advance(6_700);
    expect(sockets).toHaveLength(3);
  });

  it('is not held any longer by a gateway that keeps it waiting', async () => {
    const { clock, serve, breakNewest, newest, failures } = await bench([FIRST, SECOND]);
    await serve();
    await breakNewest();
    newest().open();
    await clock.advance(5_000);
    newest().notice(NoticeKind.WAITING);
    await breakNewest();
    await clock.advance(HOLD_MS - 5_000);
    await breakNewest();
    expect(failures).toMatchObject([{ code: 'stream_lost' }]);
  });

  it('does not hurry back to gateways that take it and drop it', async () => {
    const { clock, newest, breakNewest, lost } = await bench([FIRST, SECOND]);
    for (let round = 0; round < 4; round += 1) {
      newest().open();
      newest().notice(NoticeKind.RESUMED);
      await breakNewest();
      await clock.advance(1_000);
    }
    expect(lost.map(({ delayMs }) => delayMs)).toEqual([0, 100, 200, 400]);
  });

  it('stays with its gateway when the session was refused, and asks for a fresh token first', async () => {
    const fresh = connectionOf([SECOND, FIRST], 'd.e.f');
    const refresh = (): Promise<Connection> => Promise.resolve(fresh);
    const { clock, serve, breakNewest, newest } = await bench([FIRST, SECOND], { refresh });
    await serve();
    await breakNewest(4016, 'token_expired');
    await clock.advance(100);
    expect(newest().url).toBe(FIRST);
  });

  it('takes the token of the newest place, whoever brings it', async () => {
    const tokenOf = (epoch: number): string => `a.${btoa(JSON.stringify({ mer: { epoch } }))}.c`;
    const refresh = (): Promise<Connection> => Promise.resolve(connectionOf([FIRST], tokenOf(2)));
    const { clock, serve, stream, breakNewest, newest } = await bench([FIRST], { refresh });
    for (const [bring, wins] of [
      [() => undefined, tokenOf(2)],
      [() => stream.takeToken(tokenOf(3)), tokenOf(3)],
      [() => stream.takeToken(tokenOf(1)), tokenOf(3)],
    ] as const) {
      await serve();
      bring();
      await breakNewest(4016, 'token_expired');
      await clock.advance(100);
      expect(newest().protocols).toContain(`token.${wins}`);
    }
  });

  it.each(['device_removed', 'role_forbidden', 'token_reused', 'malformed_action'])(
    'is over after %s, whatever other gateways there are',
    async (code) => {
      const { clock, serve, breakNewest, sockets, failures } = await bench([FIRST, SECOND]);
      await serve();
      await breakNewest(4007, code);
      await clock.advance(HOLD_MS);
      expect(failures).toMatchObject([{ code }]);
      expect(sockets).toHaveLength(1);
    },
  );

  it('waits a second at most for a control plane that hangs', async () => {
    const refresh = (): Promise<undefined> => new Promise(() => undefined);
    const { clock, serve, breakNewest, newest } = await bench([FIRST], { refresh });
    await serve();
    const refusedAtMs = await breakNewest(4014, 'worker_lost');
    await clock.advance(1_100);
    expect(newest().openedAtMs - refusedAtMs).toBe(1_000);
  });
});

describe('what is no silence', () => {
  it('is a pause that was announced', async () => {
    const { clock, serve, newest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    newest().notice(NoticeKind.MIGRATING);
    await clock.advance(25_000);
    newest().notice(NoticeKind.MIGRATED);
    await clock.advance(1_000);
    expect(sockets).toHaveLength(1);
  });

  it('is a link so slow that its messages come late one by one', async () => {
    const { clock, serve, play, newest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    await play(8_400, 2_800);
    await clock.advance(5_000);
    expect(sockets).toHaveLength(1);
    newest().frame(1);
    await clock.advance(10_100);
    expect(sockets).toHaveLength(2);
  });

  it('is a page that slept: what waits for it is heard first', async () => {
    const { clock, serve, newest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    clock.freeze(600_000);
    await clock.advance(0);
    newest().frame(9_999);
    await clock.advance(2_900);
    expect(sockets).toHaveLength(1);
  });

  it('is given twice the time after every one that moved us for nothing', async () => {
    const { clock, serve, newest, sockets } = await bench([FIRST, SECOND]);
    await serve();
    await clock.advance(3_050);
    newest().open();
    newest().notice(NoticeKind.RESUMED);
    await clock.advance(5_900);
    expect(sockets).toHaveLength(2);
    await clock.advance(150);
    expect(sockets).toHaveLength(3);
  });
});

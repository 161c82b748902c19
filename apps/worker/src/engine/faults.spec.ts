// What a model does wrong in its own thread, seen by the sessions of the worker: real threads, real time.
import { afterEach, expect, it, jest } from '@jest/globals';
import { systemClock } from '../clock.ts';
import { ModelHost } from '../model/model-host.ts';
import { checkpoint } from '../testing/engine-setup.ts';
import { RecordingStream } from '../testing/recording-stream.ts';
import { Engine } from './engine.ts';

jest.setTimeout(20_000);

const UNRULY = new URL('../testing/unruly-thread.ts', import.meta.url);

let model: ModelHost;
let engine: Engine;
let faults: string[];
let moved: () => void;

async function start(stepMsMax: number): Promise<void> {
  model = await ModelHost.start({
    modelDir: '',
    stepMsMax,
    loadMsMax: 10_000,
    heapMbMax: 32,
    entry: UNRULY,
  });
  faults = [];
  moved = () => undefined;
  engine = new Engine({
    clock: systemClock,
    model,
    slots: 2,
    batchMax: 8,
    events: {
      changed: () => moved(),
      ended: () => undefined,
      stepped: () => undefined,
      frameSent: () => moved(),
      skipped: () => undefined,
      reanchored: () => undefined,
      modelFault: (error) => faults.push(String(error)),
    },
  });
}

afterEach(async () => {
  engine.beginTermination(20_000);
  engine.sendEveryoneAway();
  await model.close();
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((resolve) => {
      moved = resolve;
    });
  }
}

function open(sessionId: string, way = 0): RecordingStream {
  const stream = new RecordingStream(systemClock);
  const limits = { claimByMs: Infinity, holdMs: 1e6, idleMs: 1e6, maxDurationMs: 1e6 };
  const grant = { sessionId, epoch: 1, width: 1, ...limits };
  const attached = engine.attach(
    {
      grant,
      clientKey: 'key',
      traceId: '',
      checkpoint: checkpoint({ model: 'unruly', state: Uint8Array.of(way) }),
    },
    stream,
  );
  if (attached.kind === 'refused') throw new Error(attached.refusal.message);
  return stream;
}

it.each([
  ['throws', 1, 9_000, 'it failed'],
  ['hangs', 2, 250, 'did not end within 250 ms'],
  ['kills its thread', 3, 9_000, 'ended'],
  ['runs out of memory', 4, 9_000, 'memory limit'],
])(
  'a step that %s ends its own session; the other goes on, and the slot comes back',
  async (_, way, stepMsMax, words) => {
    await start(stepMsMax);
    const good = open('good');
    await until(() => good.frames.length > 2);
    const bad = open('bad', way);
    await until(() => bad.closing !== undefined);
    expect(bad.closing).toMatchObject({ kind: 'ended', notice: { endReason: 'model_failed' } });
    expect(bad.frames).toHaveLength(0);
    expect(faults.at(-1)).toContain(words);
    const next = open('next');
    const before = good.frames.length;
    await until(() => next.frames.length > 2 && good.frames.length > before + 2);
    expect(good.closing).toBeUndefined();
    expect(good.numbers).toEqual(good.numbers.map((_number, i) => i + 26));
    expect(engine.quarantined).toBe(false);
  },
);

// Use cases are simulated over the fake (D1), so the fake and Redis must agree move for move, not only in examples.
import { describe, expect, it } from '@jest/globals';
import type { LeaseStore, SessionReport, WorkerRegistry } from '@meridian/application';
import { STEADY, type Cadence, type Incarnation } from '@meridian/domain';
import { FakeRegions, SeededDraw, VirtualClock } from '@meridian/testkit';
import {
  beat,
  epoch,
  openRegion,
  POOL,
  REGION,
  registration,
  report,
  session,
  worker,
} from './testing/fixture.ts';

const HOUR_MS = 3_600_000;
const RUNS = 6;
const MOVES = 80;

interface Stores {
  readonly leases: LeaseStore;
  readonly registry: WorkerRegistry;
}
type Move = (stores: Stores) => Promise<unknown>;

/** One move of any kind; the same for both, whatever they answered before. */
function drawMove(draw: SeededDraw, seq: number): Move {
  const workerId = worker(draw.below(4));
  const sessionId = session(draw.below(10));
  const at = epoch(1 + draw.below(3));
  const incarnation = `run-${draw.below(8) === 0 ? 2 : 1}` as Incarnation;
  const exclude = draw.chance(0.2) ? [worker(draw.below(4))] : [];
  const draining = draw.chance(0.3);
  const slots = 1 + draw.below(4);
  const gpus = 1 + draw.below(2);
  const wanted = { region: REGION, pool: POOL, sessionId, epoch: at, ttlMs: HOUR_MS };
  const wide = { ...wanted, gpus: [0.25, 0.5, 1, 2][draw.below(4)] ?? 1 };
  const other = { ...wanted, sessionId: session(draw.below(10)), epoch: epoch(1 + draw.below(3)) };
  const from = { sessionId, epoch: at, workerId: worker(draw.below(4)) };
  const to = { ...wide, epoch: epoch(at + 1) };
  const promised = { sessionId, epoch: at, width: 1 + draw.below(2) };
  const state = (['steady', 'quarantined', 'trial'] as const)[draw.below(3)] ?? 'steady';
  const cadence: Cadence = { ...STEADY, state, reason: 'late' };
  const sessions = drawReports(draw, seq);
  const moves: readonly Move[] = [
    ({ leases }) => leases.reserve({ ...wanted, exclude }),
    ({ leases }) => leases.reserve(wanted),
    ({ leases }) => leases.reserve({ ...wide, exclude }),
    ({ leases }) => leases.reserveGroup(REGION, [wide, ...(other.sessionId === sessionId ? [] : [other])]),
    ({ leases }) => leases.transfer(REGION, from, { ...to, exclude }),
    ({ leases }) => leases.release(REGION, sessionId, at),
    ({ leases }) => leases.restore(REGION, workerId, [promised], HOUR_MS),
    ({ leases }) => leases.findMany(REGION, [sessionId, other.sessionId]).then((found) => [...found]),
    ({ registry }) => registry.register(registration({ workerId, incarnation, slots, gpus })),
    ({ registry }) => registry.setCadence(REGION, workerId, incarnation, cadence),
    ({ registry }) =>
      registry.heartbeat(beat({ workerId, incarnation, seq, slots, draining: false, sessions })),
    ({ registry }) => registry.heartbeat(beat({ workerId, incarnation, seq: seq + 3, slots, sessions })),
    ({ registry }) => registry.setDraining(REGION, workerId, draining),
    ({ registry }) => registry.markLost(REGION, workerId),
    ({ registry }) => registry.takeLost(REGION, HOUR_MS),
  ];
  return moves[draw.below(moves.length)] ?? (async () => undefined);
}

function drawReports(draw: SeededDraw, seq: number): SessionReport[] {
  const names = [...new Set(Array.from({ length: draw.below(4) }, () => draw.below(10)))];
  return names.map((name) =>
    report(session(name), {
      epoch: epoch(1 + draw.below(3)),
      activity: draw.chance(0.2) ? 'ended' : 'active',
      ...(draw.chance(0.5) && { width: 1 + draw.below(3) }),
      seq,
    }),
  );
}

/** What tells one state from another, without the clocks of the two. */
async function view({ leases, registry }: Stores): Promise<unknown> {
  const workers = await registry.list(REGION);
  const held = await Promise.all(Array.from({ length: 10 }, (_, i) => leases.find(REGION, session(i))));
  return canonical({ workers, held });
}

/** Without times, and in an order that does not depend on how a store keeps its things. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(canonical).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value ?? null;
  const fields = Object.entries(value).filter(([key]) => !key.endsWith('AtMs'));
  return Object.fromEntries(fields.sort().map(([key, field]) => [key, canonical(field)]));
}

async function agree(seed: number): Promise<void> {
  const draw = new SeededDraw(seed);
  const times = { leaseTtlMs: HOUR_MS, staleMs: HOUR_MS };
  const real = await openRegion(times);
  const fake = new FakeRegions(new VirtualClock(), { times });
  try {
    for (let seq = 0; seq < MOVES; seq++) {
      const move = drawMove(draw, seq);
      const where = `seed ${seed}, move ${seq}: ${String(move)}`;
      const [answer, expected] = [await move(real), await move(fake)];
      expect({ where, answer: canonical(answer) }).toEqual({ where, answer: canonical(expected) });
      expect({ where, view: await view(real) }).toEqual({ where, view: await view(fake) });
    }
  } finally {
    real.redises.close();
  }
}

describe('Redis and its fake', () => {
  const firstSeed = Number(process.env['SEED'] ?? Date.now() % 1e9);

  it(`agree over ${RUNS} x ${MOVES} moves from seed ${firstSeed} (set SEED to play it again)`, async () => {
    for (let run = 0; run < RUNS; run++) await agree(firstSeed + run);
  }, 60_000);
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Epoch, PoolId, RegionId, SessionId, TenantId, WorkerId } from '../ids.ts';
import { decide, decideAll } from './decide.ts';
import { beginSession, evolveAll } from './evolve.ts';
import {
  END_REASONS,
  SESSION_STATES,
  type LeaseRef,
  type Session,
  type SessionCommand,
  type SessionStateName,
} from './session.ts';

const begun = beginSession(
  {
    sessionId: 'ses_1' as SessionId,
    tenantId: 'ten_1' as TenantId,
    model: 'gallery',
    rttMs: {},
    metadata: {},
  },
  0,
);
const lease = (epoch: number, worker = 'w1'): LeaseRef => ({
  ...{
    region: 'us-east' as RegionId,
    pool: 'us-east/h100/gallery@1' as PoolId,
    workerId: worker as WorkerId,
  },
  ...{
    workerAddress: `${worker}:1`,
    slot: 0,
    width: 1,
    slots: 2,
    gpus: 1,
    purchase: 'on_demand',
    epoch: epoch as Epoch,
  },
});

const enqueue: SessionCommand = { type: 'enqueue', atMs: 1, reasons: [] };
const reserve = (epoch = 1): SessionCommand => ({
  ...{ type: 'reserve', atMs: 2, lease: lease(epoch), claimByMs: 60_002, considered: [] },
});
const observe = (activity: 'connecting' | 'active' | 'held', epoch = 1): SessionCommand => ({
  ...{ type: 'observe', atMs: 3, epoch: epoch as Epoch, activity },
});
const lose = (epoch = 1, worker = 'w1'): SessionCommand => ({
  ...{ type: 'lose-worker', atMs: 4, workerId: worker as WorkerId, epoch: epoch as Epoch },
});
const migrate = (epoch = 2): SessionCommand => ({
  ...{ type: 'migrate', atMs: 5, lease: lease(epoch, 'w2'), considered: [] },
});
const end = (epoch?: number): SessionCommand => ({
  ...{ type: 'end', atMs: 6, reason: 'idle', ...(epoch === undefined ? {} : { epoch: epoch as Epoch }) },
});

const given = (...commands: readonly SessionCommand[]) => {
  const { session } = decideAll(commands, begun);
  return { when: (command: SessionCommand) => decide(command, session).map(({ type }) => type), session };
};

describe('a session', () => {
  it('waits in the queue, is reserved, connected, active, held and active again', () => {
    const { session } = given(enqueue, reserve(), observe('connecting'), observe('active'), observe('held'));
    expect(session).toMatchObject({ state: 'held', epoch: 1, eventCount: 5, firstActiveAtMs: 3 });
    expect(decideAll([observe('active')], session).session.state).toBe('active');
  });

  it('keeps when its claim lapses only while it is reserved', () => {
    expect(given(reserve()).session.claimByMs).toBe(60_002);
    expect(given(reserve(), observe('connecting')).session).not.toHaveProperty('claimByMs');
    expect(given(reserve(), end()).session).not.toHaveProperty('claimByMs');
  });

  it('takes the steps that heartbeats missed', () => {
    expect(given(reserve()).when(observe('active'))).toEqual(['connecting', 'active']);
    expect(given(reserve()).when(observe('held'))).toEqual(['connecting', 'active', 'held']);
    expect(given(reserve(), observe('active')).when(observe('connecting'))).toEqual([]);
    expect(given(reserve(), observe('active'), observe('held')).when(observe('connecting'))).toEqual([]);
  });

  it('is told of one activity once', () => {
    for (const activity of ['connecting', 'active', 'held'] as const) {
      expect(given(reserve(), observe(activity)).when(observe(activity))).toEqual([]);
    }
  });

  it('migrates when its worker is lost, and is active again when the new one shows it', () => {
    const migrated = given(reserve(), observe('active'), lose(), migrate());
    expect(migrated.session).toMatchObject({ state: 'migrating', epoch: 2, lease: { workerId: 'w2' } });
    expect(migrated.when(observe('connecting', 2))).toEqual([]);
    expect(migrated.when(observe('active', 2))).toEqual(['active']);
  });

  it('goes on when a worker that was thought lost shows it before it was moved', () => {
    expect(given(reserve(), observe('active'), lose()).when(observe('active'))).toEqual(['active']);
  });

  it('is reserved anew at a higher epoch while nobody has connected', () => {
    expect(given(reserve()).when(reserve(2))).toEqual(['reserved']);
    expect(given(reserve()).when(reserve(1))).toEqual([]);
    expect(given(reserve()).when(lose())).toEqual([]);
    expect(given(reserve(), observe('connecting')).when(reserve(2))).toEqual([]);
  });

  it('ignores what concerns another epoch or worker (L2)', () => {
    const moved = given(reserve(), observe('active'), lose(), migrate(), observe('active', 2));
    expect(moved.when(observe('held', 1))).toEqual([]);
    expect(moved.when(observe('held', 3))).toEqual([]);
    expect(moved.when(lose(1))).toEqual([]);
    expect(moved.when(lose(2, 'w1'))).toEqual([]);
    expect(moved.when(end(1))).toEqual([]);
    expect(moved.when(end(2))).toEqual(['ended']);
  });

  it('ends from any state, with its reason and detail', () => {
    const ways: readonly (readonly SessionCommand[])[] = [
      [enqueue],
      [reserve()],
      [reserve(), observe('connecting')],
      [reserve(), observe('active')],
      [reserve(), observe('held')],
      [reserve(), observe('active'), lose()],
    ];
    for (const way of ways) expect(given(...way).when(end())).toEqual(['ended']);
    const { session } = given(reserve(), { type: 'end', atMs: 9, reason: 'model_failed', detail: 'NaN' });
    expect(session).toMatchObject({
      state: 'ended',
      endedAtMs: 9,
      endReason: 'model_failed',
      endDetail: 'NaN',
    });
  });
});

const epoch = fc.integer({ min: 1, max: 4 });
const activity = fc.constantFrom('connecting' as const, 'active' as const, 'held' as const);
const anyCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  fc.constant(enqueue),
  epoch.map(reserve),
  fc.tuple(activity, epoch).map(([a, e]) => observe(a, e)),
  fc.tuple(epoch, fc.constantFrom('w1', 'w2')).map(([e, w]) => lose(e, w)),
  epoch.map(migrate),
  fc
    .tuple(fc.constantFrom(...END_REASONS), fc.option(epoch, { nil: undefined }))
    .map(([reason, e]): SessionCommand => ({
      ...{ type: 'end', atMs: 6, reason, ...(e === undefined ? {} : { epoch: e as Epoch }) },
    })),
);

/** DESIGN.md's machine; `reserved` and `migrating` may be entered again, by a re-placement. */
const EDGES: Readonly<Record<SessionStateName, readonly SessionStateName[]>> = {
  queued: ['reserved', 'ended'],
  reserved: ['reserved', 'connecting', 'ended'],
  connecting: ['active', 'migrating', 'ended'],
  active: ['held', 'migrating', 'ended'],
  held: ['active', 'migrating', 'ended'],
  migrating: ['migrating', 'active', 'ended'],
  ended: [],
};

describe('any history of commands', () => {
  const histories = fc.array(anyCommand, { maxLength: 40 });

  it('moves only along the edges of the machine, and epochs only rise', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        let session: Session = decideAll([enqueue], begun).session;
        for (const command of commands) {
          for (const event of decide(command, session)) {
            const next = evolveAll(session, [event]);
            expect(EDGES[session.state]).toContain(next.state);
            expect(next.epoch).toBeGreaterThanOrEqual(session.epoch);
            expect(next.eventCount).toBe(session.eventCount + 1);
            session = next;
          }
        }
        expect(SESSION_STATES).toContain(session.state);
      }),
    );
  });

  it('changes nothing after the end', () => {
    fc.assert(
      fc.property(histories, histories, (before, after) => {
        const { session } = decideAll([...before, end()], begun);
        expect(decideAll(after, session)).toEqual({ session, events: [] });
      }),
    );
  });

  it('is its events: folding them again gives the same session', () => {
    fc.assert(
      fc.property(histories, (commands) => {
        const { session, events } = decideAll(commands, begun);
        expect(evolveAll(begun, events)).toEqual(session);
      }),
    );
  });

  it('causes nothing when a command comes twice, but a second one', () => {
    fc.assert(
      fc.property(histories, anyCommand, (before, command) => {
        const { session } = decideAll([...before, command], begun);
        expect(decide(command, session)).toEqual([]);
      }),
    );
  });
});

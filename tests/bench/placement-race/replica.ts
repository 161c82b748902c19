// A replica in a process of its own, and its callers: each opens sessions one after the other, asks again with the same
// key when no answer comes, brings its session to the worker that it was given, and ends some again.
import { StoreUnavailable, type WorkerControl } from '@meridian/application';
import type { Session, SessionId } from '@meridian/domain';
import { setTimeout as delay } from 'node:timers/promises';
import type { FromReplica, ReplicaPlan, ReplicaResult, ToReplica } from './messages.ts';
import { wireReplica, type Replica } from './use-cases.ts';

const ASK_AGAIN_MS = 100;
const LOOK_MS = 250;
/** A client takes up its claim within this time: Redis loses many promises that no worker knows. */
const CLAIM_MS_MAX = 10_000;
const END_MS_MAX = 2_500;
/** Between two opens of a caller. */
const PAUSE_MS_MAX = 1_500;

const tell = (message: FromReplica): void => void process.send?.(message);

/** Workers live in the bench's process. */
const workers: WorkerControl = {
  end: async (_address, sessionId, _epoch, reason) => {
    tell({ kind: 'end', sessionId, reason });
    return undefined;
  },
  answers: async () => true,
};

class Callers {
  readonly #plan: ReplicaPlan;
  readonly #replica: Replica;
  readonly #openMs: number[] = [];
  readonly #waitMs: number[] = [];
  readonly #afterwards: Promise<void>[] = [];
  #askedAgain = 0;
  #isOver = false;

  constructor(plan: ReplicaPlan, replica: Replica) {
    this.#plan = plan;
    this.#replica = replica;
  }

  async run(): Promise<ReplicaResult> {
    await Promise.all(Array.from({ length: this.#plan.callers }, (_, caller) => this.#call(caller)));
    await Promise.all(this.#afterwards);
    const { calls: callsLost } = this.#replica.lost;
    return { openMs: this.#openMs, waitMs: this.#waitMs, askedAgain: this.#askedAgain, callsLost };
  }

  /** Those who wait for a place wait no longer. */
  stop(): void {
    this.#isOver = true;
  }

  async #call(caller: number): Promise<void> {
    for (let open = 0; open < this.#plan.opens; open += 1) {
      const askedMs = performance.now();
      const session = await this.#open(`${this.#plan.replica}-${caller}-${open}`);
      this.#openMs.push(performance.now() - askedMs);
      this.#afterwards.push(this.#use(session, open < this.#plan.ends));
      await delay(this.#replica.draw.below(PAUSE_MS_MAX));
    }
  }

  /** Until an answer is heard. */
  async #open(idempotencyKey: string): Promise<Session> {
    const { tenant, model, region, replyLost } = this.#plan;
    const { openSession, draw } = this.#replica;
    for (;;) {
      const outcome = await openSession({
        tenant,
        model,
        rttMs: { [region]: 10 },
        metadata: {},
        idempotencyKey,
      }).catch(unlessAway);
      if (outcome && outcome.kind !== 'opened') throw new Error(`an open was answered ${outcome.kind}`);
      if (outcome && !draw.chance(replyLost)) return outcome.session;
      this.#askedAgain += 1;
      await delay(draw.below(ASK_AGAIN_MS));
    }
  }

  async #use(opened: Session, ends: boolean): Promise<void> {
    const session = opened.lease ? opened : await this.#placed(opened.request.sessionId);
    if (!session?.lease) return;
    await delay(this.#replica.draw.below(CLAIM_MS_MAX));
    const { sessionId } = session.request;
    const { workerId, epoch } = session.lease;
    tell({ kind: 'claim', sessionId, workerId, epoch, claimByMs: session.claimByMs ?? 0 });
    if (!ends) return;
    await delay(this.#replica.draw.below(END_MS_MAX));
    while (!(await this.#replica.endSession({ sessionId, reason: 'client_ended' }).catch(unlessAway))) {
      await delay(ASK_AGAIN_MS);
    }
  }

  /** Looks what became of a session that waits; undefined when the race was over first. */
  async #placed(sessionId: SessionId): Promise<Session | undefined> {
    const sinceMs = performance.now();
    while (!this.#isOver) {
      const session = await this.#replica.record.find(sessionId).catch(unlessAway);
      if (session && session.state !== 'queued') {
        this.#waitMs.push(performance.now() - sinceMs);
        return session;
      }
      await delay(LOOK_MS);
    }
    return undefined;
  }
}

function unlessAway(error: unknown): undefined {
  if (!(error instanceof StoreUnavailable)) throw error;
}

let callers: Callers | undefined;
process.on('message', (message: ToReplica) => {
  if (message.kind === 'plan') void prepare(message.plan);
  if (message.kind === 'stop') callers?.stop();
});

async function prepare(plan: ReplicaPlan): Promise<void> {
  const replica = await wireReplica(plan, workers);
  const race = new Callers(plan, replica);
  callers = race;
  tell({ kind: 'ready' });
  await new Promise<void>((resolve) => {
    process.on('message', ({ kind }: ToReplica) => {
      if (kind === 'go') resolve();
    });
  });
  const result = await race.run();
  tell({ kind: 'done', result });
  await replica.close();
  process.disconnect();
}

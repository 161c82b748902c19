import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { bullConnection } from '@meridian/redis';
import { createLogger } from '@meridian/telemetry';
import { FakeJobRuns, FakeRecord } from '@meridian/testkit';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createControlPlaneMetrics } from '../metrics.ts';
import { JobRunner, type Job } from './job-runner.ts';

/** A database of its own on the server that the tests are given. */
function testRedisUrl(): string {
  const given = process.env['TEST_REDIS_URL'];
  if (given === undefined) throw new Error('set TEST_REDIS_URL to the URL of a Redis to test with');
  return new URL('/11', given).href;
}

describe('JobRunner', () => {
  const url = testRedisUrl();
  let redis: Redis;
  let runners: JobRunner[];
  let queueThere: boolean;
  let runs: Map<string, number>;
  let onRun: () => void;
  let noted: FakeJobRuns;

  const start = (replica: string, others: readonly Job[] = []) => {
    const job = {
      name: 'count',
      everyMs: 100,
      run: async () => {
        runs.set(replica, (runs.get(replica) ?? 0) + 1);
        onRun();
      },
    };
    const runner = new JobRunner({
      jobs: [job, ...others],
      redisUrl: url,
      look: async () => queueThere,
      runs: noted,
      metrics: createControlPlaneMetrics(),
      logger: createLogger('test', {}),
    });
    runner.start();
    runners.push(runner);
  };
  const total = () => [...runs.values()].reduce((sum, count) => sum + count, 0);
  const reach = (count: number) =>
    new Promise<void>((resolve) => {
      const target = total() + count;
      onRun = () => total() >= target && resolve();
    });

  const reachFailure = async () => {
    while (!(await noted.list()).some(({ failed }) => failed > 0)) await new Promise(setImmediate);
  };

  beforeEach(async () => {
    redis = new Redis(url);
    await redis.flushdb();
    runners = [];
    runs = new Map();
    noted = new FakeJobRuns(new FakeRecord());
    queueThere = true;
    onRun = () => undefined;
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.close()));
    await redis.quit();
  });

  it('shares the runs of a job between replicas instead of doubling them', async () => {
    start('a');
    start('b');
    await reach(1);
    const beganMs = performance.now();
    await reach(20);
    // 20 runs take 2 s at 10 a second; were each replica to run the job by itself, they would take 1 s.
    expect(performance.now() - beganMs).toBeGreaterThan(1_500);
  });

  it('puts the schedule back after its Redis has lost everything', async () => {
    start('a');
    await reach(2);
    await redis.flushdb();
    await reach(3);
  });

  it('lets jobs of one rhythm come due at different moments', async () => {
    const names = ['a', 'b', 'c', 'd'];
    start(
      'a',
      names.map((name) => ({ name, everyMs: 60_000, run: () => Promise.resolve() })),
    );
    const queue = new Queue('control-plane', bullConnection(url, 'producer'));
    const nextMs = async () =>
      (await queue.getJobSchedulers()).flatMap(({ key, next }) => (names.includes(key) ? [next ?? 0] : []));
    try {
      while ((await nextMs()).length < names.length) await new Promise(setImmediate);
      const sorted = (await nextMs()).sort((a, b) => a - b);
      const apart = sorted.slice(1).map((ms, i) => ms - (sorted[i] ?? 0));
      expect(Math.min(...apart)).toBeGreaterThan(400);
    } finally {
      await queue.close();
    }
  });

  it('notes what became of runs, and that one failed', async () => {
    start('a');
    await reach(2);
    onRun = () => {
      throw new Error('the store is away');
    };
    await reachFailure();
    expect(await noted.list()).toMatchObject([{ name: 'count', failed: 1, lastError: 'the store is away' }]);
  });

  it('runs jobs by itself while the queue is away', async () => {
    queueThere = false;
    start('a');
    await reach(2);
    expect(await redis.keys('*scheduler*')).toEqual([]);
    expect(await redis.keys('*repeat*')).toEqual([]);
  });
});

// The suite itself is tried: a right worker passes all of it, and a broken one fails exactly where it is meant to.
import { beforeAll, expect, it, jest } from '@jest/globals';
import { CASES } from './cases/index.ts';
import type { ProcessControl } from './process/process-control.ts';
import { freePort } from './process/free-port.ts';
import type { CaseResult } from './suite/case.ts';
import { DEFAULT_SECRET, runConformance, type ConformanceReport } from './suite/run.ts';
import { BREAKS, type Break } from './testing/breaks.ts';
import { startStub, type StubWorker } from './testing/stub-worker.ts';

jest.setTimeout(600_000);

/** The cases that each break is meant to fail. */
const MEANT: Readonly<Record<Break, readonly string[]>> = {
  'is-bought-somehow': ['registration.describe'],
  'never-ages': ['registration.again'],
  'repeats-frames': ['frames.order'],
  'queues-actions': ['actions.newest-wins'],
  'forgets-held-actions': ['actions.held'],
  'ignores-actions': ['actions.change-the-world'],
  'serves-old-epochs': ['epochs.older-refused'],
  'forgets-action-on-restore': ['restore.as-live'],
  'drifts-after-restore': ['restore.bit-identical'],
  'depends-on-company': ['restore.in-company'],
  'rewinds-numbers-on-restore': ['restore.call'],
  'takes-other-checkpoints': ['restore.refused'],
  'takes-nan-states': ['restore.not-a-number'],
  'forks-from-the-beginning': ['fork.copies'],
  'checkpoints-seldom': ['checkpoint.stream'],
  'resets-counters': ['counters.cumulative'],
  'counts-while-away': ['counters.away'],
  'reports-ends-once': ['heartbeat.final-report'],
  'repeats-heartbeat-seq': ['heartbeat.regular'],
  'lies-about-lateness': ['health.sane'],
  'has-too-many-slots': ['sessions.slots', 'sessions.width'],
  'leaks-slots-on-cancel': ['sessions.cancel'],
  'holds-for-ever': ['sessions.hold-time'],
  'mixes-sessions': ['sessions.apart'],
  'takes-forged-tokens': ['tokens.refused'],
  'wants-no-secret': ['calls.guarded'],
  'ignores-quality': ['formats.quality'],
  'takes-any-format': ['formats.refused'],
  'hangs-on-garbage': ['garbage.bytes'],
  'takes-nan-actions': ['garbage.actions'],
  'buffers-without-bound': ['slow-reader.newest'],
  'is-too-slow': ['frames.cadence'],
  'ignores-sigterm': ['sigterm.sends-away', 'sigterm.hands-over', 'sigterm.twice'],
  'ignores-width': ['sessions.width'],
  'ends-without-warning': ['limits.duration', 'limits.idle'],
  'warns-once-of-idleness': ['limits.idle'],
  'ignores-credit': ['credit.exhausted'],
  'forgets-renewals': ['credit.renewed'],
  'takes-credit-back': ['credit.renewed'],
  'counts-devices-as-one': ['devices.newest-wins', 'devices.restored', 'devices.bounded'],
  'loses-gateway-stamps': ['devices.newest-wins'],
  'forgets-devices-on-restore': ['devices.restored'],
  'remembers-every-device': ['devices.bounded'],
  'takes-removals': ['devices.removal'],
  'takes-tokens-of-devices': ['tokens.refused'],
  'ignores-feedback': ['feedback.slows', 'feedback.as-asked'],
  'lowers-asked-quality': ['feedback.as-asked'],
  'stays-slow': ['feedback.slows'],
  'counts-frames-not-sent': ['feedback.slows'],
  'hands-over-without-checkpoint': [
    'hand-over.last-checkpoint',
    'hand-over.bit-identical',
    'sigterm.hands-over',
  ],
  'steps-past-its-checkpoint': ['hand-over.bit-identical'],
  'keeps-slots-after-hand-over': ['hand-over.lets-go'],
  'ends-moved-sessions': ['hand-over.stop'],
  'drains-newcomers-silently': ['drain.told'],
  'says-a-drain-only-once': ['drain.again'],
  'waits-for-held-sessions': ['sigterm.hands-over'],
  'ignores-second-sigterm': ['sigterm.twice'],
};

const failedOf = ({ cases }: ConformanceReport): string[] =>
  cases.filter(({ outcome }) => outcome === 'failed').map(({ id }) => id);

/** Beside what is meant, each broken stub is tried on the same topic and on one case of each other one. */
const ONE_OF_EACH = [
  'registration.describe',
  'frames.first',
  'actions.older-ignored',
  'sessions.end',
  'epochs.older-refused',
  'tokens.client-key',
  'checkpoint.call',
  'restore.refused',
  'formats.kept',
  'garbage.times',
];
/** Long, or a matter of having the machine for oneself. */
const LONG = ['frames.cadence', 'restore.bit-identical', 'restore.malformed', 'slow-reader.newest'];
/** Most of the time of a run is waiting. */
const AT_ONCE = 5;

const WHOLE = process.env['CONFORMANCE_WHOLE'] === '1';
const ALL = CASES.map(({ id }) => id);
const topicOf = (id: string): string | undefined => id.split('.')[0];

const casesFor = (broken: Break): string[] =>
  ALL.filter((id) => {
    if (WHOLE || MEANT[broken].includes(id) || ONE_OF_EACH.includes(id)) return true;
    return !LONG.includes(id) && MEANT[broken].some((meant) => topicOf(meant) === topicOf(id));
  });

let right: ConformanceReport;
let small: ConformanceReport;
let reports: ReadonlyMap<Break, ConformanceReport>;

beforeAll(async () => {
  // Alone, because it is the one whose cadence is judged.
  right = await tryStub();
  small = await tryStub(undefined, [...ONE_OF_EACH, 'sessions', 'restore', 'fork'], 1);
  const found = new Map<Break, ConformanceReport>();
  const waiting = [...BREAKS];
  const next = async (): Promise<void> => {
    for (let broken = waiting.shift(); broken !== undefined; broken = waiting.shift()) {
      found.set(broken, await tryStub(broken, casesFor(broken)));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  reports = found;
});

it('a right worker passes every case', () => {
  expect(right.cases.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
  expect(right.passed).toBe(CASES.length);
});

it('a worker with one slot is not tried where two are needed, and passes the rest', () => {
  expect(failedOf(small)).toEqual([]);
  expect(small.cases.filter(({ outcome }) => outcome === 'not-tried').map(({ id }) => id)).toEqual([
    'sessions.apart',
    'sessions.width',
    'restore.in-company',
  ]);
});

it.each(BREAKS)('a worker that %s fails where it is meant to', (broken) => {
  const report = reports.get(broken) as ConformanceReport;
  const isMeant = ({ id }: CaseResult) => MEANT[broken].includes(id);
  expect(report.cases.filter((result) => result.outcome === 'failed' && !isMeant(result))).toEqual([]);
  expect(failedOf(report)).toEqual(MEANT[broken]);
});

async function tryStub(broken?: Break, only?: readonly string[], slots = 2): Promise<ConformanceReport> {
  const port = await freePort();
  const stubs: StubWorker[] = [];
  let fleetAddress = '';
  const start = async (): Promise<ProcessControl> => {
    const stub = await startStub({
      fleetAddress,
      secret: DEFAULT_SECRET,
      port,
      slots,
      framesPerSecond: 50,
      broken,
    });
    stubs.push(stub);
    return controlOf(() => stub, start);
  };
  try {
    return await runConformance({
      process: controlOf(() => stubs.at(-1), start),
      onWaiting: (address) => {
        fleetAddress = address;
        void start();
      },
      ...(only && { only }),
      heartbeatMs: 100,
      seconds: 1,
      slowReaderMs: 1_500,
    });
  } finally {
    stubs.forEach((stub) => stub.kill());
  }
}

/** SIGTERM for a worker of this very process. */
function controlOf(
  stub: () => StubWorker | undefined,
  restart: () => Promise<ProcessControl>,
): ProcessControl {
  let exit: (code: number) => void = () => undefined;
  const exited = new Promise<number>((resolve) => {
    exit = resolve;
  });
  return {
    terminate: () =>
      void stub()
        ?.close()
        .then(() => exit(0)),
    exited,
    restart,
  };
}

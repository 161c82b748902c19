import type { Month } from '@meridian/simulator';
import { hasCode, Problem } from '../problem.ts';
import { build } from '../prepare.ts';
import { progressTo, type Progress } from '../progress.ts';
import { openTarget } from './target.ts';

export interface RecordOptions {
  /** A database's URL, or a data folder. */
  readonly target: string;
  readonly days: number;
  readonly seed: number;
  /** When the recorded time ends, Unix ms. */
  readonly toMs: number;
}

const TIMEOUT_MS = 120_000;

/** Plays so many days and writes them where `up` finds them. */
export async function record({ target, ...options }: RecordOptions): Promise<number> {
  const progress = progressTo(process.stderr);
  await progress.step('the build is up to date', () => build(['simulator', 'postgres']));
  const { makeMonth } = await import('@meridian/simulator');
  const month = await progress.step('the time is played', () => Promise.resolve(makeMonth(options)));
  const { url, close } = await openTarget(target, progress);
  try {
    await write(month, url, progress);
  } finally {
    await close();
  }
  process.stdout.write(summaryOf(month, target));
  return 0;
}

async function write(month: Month, url: string, progress: Progress): Promise<void> {
  const { recordMonth } = await import('@meridian/simulator');
  const postgres = await import('@meridian/postgres');
  await postgres.migrate(url).catch((error: unknown) => {
    if (hasCode(error, 'ECONNREFUSED')) throw new Problem(`No PostgreSQL answers at ${new URL(url).host}.`);
    throw error;
  });
  // A month is more than the control plane ever does at once.
  const database = new postgres.Database({ url, timeoutMs: TIMEOUT_MS });
  try {
    const ports = {
      sessions: new postgres.PrismaSessionRepository(database),
      tenants: new postgres.PrismaTenantRepository(database),
      usage: new postgres.PrismaUsageRepository(database),
      usageHours: new postgres.PostgresUsageHours(database),
      gpuHours: new postgres.PostgresGpuHours(database),
      models: new postgres.PrismaModelCatalog(database),
      ...postgres.postgresBilling(database),
    };
    await recordMonth(month, ports, tellTo(progress));
  } finally {
    await database.close();
  }
}

/** A line for every fifth of a step. */
function tellTo(progress: Progress): (step: string, share: number) => void {
  let told = '';
  return (step, share) => {
    const line = `${step}: ${Math.floor(share * 5) * 20} %`;
    if (line !== told) progress.note(line);
    told = line;
  };
}

const HOUR_MS = 3_600_000;

function summaryOf({ sessions, workers, refused, fromMs, toMs }: Month, target: string): string {
  const hours = sessions.reduce((sum, { askedAtMs, endedAtMs }) => sum + endedAtMs - askedAtMs, 0) / HOUR_MS;
  const span = [fromMs, toMs].map((ms) => new Date(ms).toISOString().slice(0, 16)).join(' to ');
  return [
    `recorded: ${span}, ${sessions.length} sessions of ${Math.round(hours)} user-hours on ${workers.length} workers`,
    refused > 0 ? `${refused} found no slot\n` : '',
  ]
    .join('\n')
    .concat(`Start \`./meridian up\` on ${target} and open /billing.\n`);
}

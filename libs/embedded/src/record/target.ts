// Where a month is recorded: a database by its URL, or the one of a data folder, whether `up` runs on it or not.
import { openDataDir } from '../layout.ts';
import { Problem } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { databaseUrl, initialisePostgres, postgresSpec } from '../servers/postgres.ts';
import { lockRun, unlockRun } from '../supervisor/run-lock.ts';
import { Supervisor } from '../supervisor/supervisor.ts';
import { freePortBase, portPlan } from '../system/ports.ts';
import { openSecrets } from '../system/secrets.ts';

export interface RecordTarget {
  readonly url: string;
  /** Ends what was started for it. */
  close(): Promise<void>;
}

const URL_SCHEME = /^postgres(ql)?:\/\//;

/** @throws Problem when nothing can be recorded there */
export async function openTarget(target: string, progress: Progress): Promise<RecordTarget> {
  if (URL_SCHEME.test(target)) return { url: target, close: () => Promise.resolve() };
  const data = openDataDir(target);
  const password = openSecrets(data).postgresPassword;
  const running = lockRun(data, 'a month is being recorded');
  if (running)
    return {
      url: databaseUrl({ data, password, port: portOf(running.url) }),
      close: () => Promise.resolve(),
    };
  const supervisor = new Supervisor({ data, progress, restart: false });
  const close = async (): Promise<void> => {
    await supervisor.stop();
    unlockRun(data);
  };
  try {
    const postgres = { data, password, port: portPlan(await freePortBase()).postgres };
    await initialisePostgres(postgres);
    await Promise.race([supervisor.start(postgresSpec(postgres)), supervisor.failure]);
    return { url: databaseUrl(postgres), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function portOf(url: string): number {
  if (URL.canParse(url)) return portPlan(Number(new URL(url).port)).postgres;
  throw new Problem('A month is being recorded there already; wait until that is done.');
}

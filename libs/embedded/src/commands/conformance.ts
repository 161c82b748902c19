import type { ConformanceOptions } from '@meridian/conformance';
import path from 'node:path';
import { onInterrupt } from '../interrupt.ts';
import { readOptions, wholeNumber } from '../options.ts';
import { build } from '../prepare.ts';
import { Problem } from '../problem.ts';
import { progressTo } from '../progress.ts';

const HELP = `./meridian conformance worker (--command "CMD ARGS" | --address HOST:PORT [--pid N]) [OPTION...]

Tries whether a worker, in any language, keeps to the worker contract. The suite plays the control plane: the worker
registers with it and is tried case by case. libs/conformance/README.md lists the cases.

  --command "CMD ARGS"   starts the worker itself, with REGION, WORKER_ID, HOST, GRPC_PORT, GPU_TYPE,
                         CONTROL_PLANE_GRPC, FLEET_SECRET and DRAIN_MS set; SIGTERM and a restart are tried too
  --address HOST:PORT    a worker that you start
  --pid N                its process, so that SIGTERM is tried too
  --fleet-host HOST      where the control plane listens (127.0.0.1)
  --fleet-port N         and its port (7099; any free one with --command)
  --secret S             the region's secret that the worker shows and wants
  --only NAME,NAME       only cases whose id begins so, such as restore or frames.cadence
  --seconds N            how long cadence is watched, 1 to 60 (5)
  --json                 one JSON object instead of lines

Exit code: 0 when nothing failed, 1 when a case did, 2 when no worker could be tried. What was not tried is counted
apart.
`;

export async function conformance(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions({ args: [...args], allowPositionals: true, options: OPTIONS });
  if (values.help || positionals[0] !== 'worker') {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const options = optionsOf(values);
  const { DEFAULT_SECRET, lastLineOf, lineOf, NoWorker, runConformance } = await load();
  const secret = values.secret ?? DEFAULT_SECRET;
  const say = (line: string) => values.json || process.stdout.write(`${line}\n`);
  // A signal ends this process by its exit, which takes the worker along.
  const done = onInterrupt({ end: () => Promise.resolve(), force: () => undefined });
  try {
    const report = await runConformance({
      ...options,
      secret,
      env: { PATH: withOwnNode() },
      onWaiting: (fleet) => process.stderr.write(waitingText(options, fleet, secret)),
      onResult: (result) => say(lineOf(result)),
    });
    say(`\n${lastLineOf(report)}`);
    if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    return report.failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof NoWorker)) throw error;
    process.stderr.write(`meridian: ${error.message}\n`);
    return 2;
  } finally {
    done();
  }
}

/** A command that says `node` means the Node that runs this, not whichever the system has. */
const withOwnNode = (): string =>
  [path.dirname(process.execPath), process.env['PATH'] ?? ''].join(path.delimiter);

const OPTIONS = {
  command: { type: 'string' },
  address: { type: 'string' },
  pid: { type: 'string' },
  'fleet-host': { type: 'string' },
  'fleet-port': { type: 'string' },
  secret: { type: 'string' },
  only: { type: 'string' },
  seconds: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Values = Partial<Record<Exclude<keyof typeof OPTIONS, 'json' | 'help'>, string>>;

/** @throws Problem */
function optionsOf(values: Values): ConformanceOptions {
  const { command, address, pid, only } = values;
  if ((command === undefined) === (address === undefined)) {
    throw new Problem('Give either --command or --address; `./meridian conformance --help` shows how.');
  }
  if (address !== undefined && !/^.+:\d{1,5}$/.test(address)) {
    throw new Problem(`--address is "${address}"; give a host and a port, such as 127.0.0.1:4500.`);
  }
  const anyPort = command === undefined ? '7099' : '0';
  return {
    ...(command !== undefined && { command }),
    ...(address !== undefined && { address }),
    ...(pid !== undefined && { pid: wholeNumber('--pid', pid, 1, 2 ** 31) }),
    ...(values['fleet-host'] !== undefined && { fleetHost: values['fleet-host'] }),
    fleetPort: wholeNumber('--fleet-port', values['fleet-port'] ?? anyPort, 0, 65_535),
    ...(only !== undefined && { only: only.split(',').map((name) => name.trim()) }),
    seconds: wholeNumber('--seconds', values.seconds ?? '5', 1, 60),
  };
}

/** After a build: this room runs as it is written, the suite and what it imports do not. */
async function load(): Promise<typeof import('@meridian/conformance')> {
  await progressTo(process.stderr).step('the build is up to date', () => build(['conformance', 'worker']));
  return import('@meridian/conformance');
}

function waitingText({ address }: ConformanceOptions, fleet: string, secret: string): string {
  if (address === undefined) return `waiting for the worker to register with ${fleet}\n`;
  return (
    `waiting 60 s for the worker at ${address} to register; start it with\n` +
    `  CONTROL_PLANE_GRPC=${fleet} FLEET_SECRET=${secret} WORKER_ID=conformance-1 REGION=us-east GRPC_PORT=${address.split(':').at(-1)}\n`
  );
}

// `./meridian COMMAND`. Node runs this file by stripping its types, so nothing here needs a build.

import { isInterrupted } from './interrupt.ts';
import { sentenceFor } from './problem.ts';

type Command = (args: readonly string[]) => Promise<number>;

const HELP = `./meridian COMMAND

  up [--port-base N] [--data DIR] [--gateways N] [--workers N] [--model NAME]...
                       two regions on this machine, N gateways (2) and N workers (2) in each; the workers serve
                       these models in turn (gallery; dream is the other); Ctrl-C ends them
  down [--data DIR]    ends what \`up\` started
  smoke [--json]       the whole way of one session, in a throw-away folder on free ports
  why SESSION [--json] [--data DIR | --url URL]
                       why a session was placed where it was: candidates, scores, and who could not take it
  audit [--session ID] [--tenant ID] [--from TIME] [--limit N] [--json] [--data DIR | --url URL]
                       placements, refusals and what operators did; with --url, MERIDIAN_ADMIN_KEY is the key
  simulate [--scenario FILE] [--compare] [--plot FILE] [OPTION...]
                       the solver, the queue and the use cases on virtual time, with your own traffic as CSV;
                       with --record DIR a month for the billing page; \`simulate --help\` says more
  bench [NAME] [--json]
                       measures; without a name, lists what can be measured
  conformance worker (--command CMD | --address HOST:PORT)
                       tries whether a worker keeps to the contract; \`conformance --help\` says more
  test [STAGE...]      every check there is, or some of them; \`test --list\` names them
  help                 this text
`;

const help: Command = () => {
  process.stdout.write(HELP);
  return Promise.resolve(0);
};

/** Loaded when called, so that a command that needs a build can make it first. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./commands/up.ts')).up,
  down: async () => (await import('./commands/down.ts')).down,
  smoke: async () => (await import('./commands/smoke.ts')).smoke,
  why: async () => (await import('./commands/why.ts')).why,
  audit: async () => (await import('./commands/audit.ts')).audit,
  simulate: async () => (await import('./commands/simulate.ts')).simulate,
  bench: async () => (await import('./commands/bench.ts')).bench,
  conformance: async () => (await import('./commands/conformance.ts')).conformance,
  test: async () => (await import('./commands/test.ts')).test,
  help: () => Promise.resolve(help),
  '--help': () => Promise.resolve(help),
};

async function main([name = 'help', ...args]: readonly string[]): Promise<number> {
  const load = COMMANDS[name];
  if (load) return (await load())(args);
  process.stderr.write(`meridian: there is no command "${name}".\n\n${HELP}`);
  return 2;
}

process.on('uncaughtException', complain);
main(process.argv.slice(2)).then(leave, complain);

function complain(error: unknown): void {
  if (!isInterrupted()) process.stderr.write(`meridian: ${sentenceFor(error)}\n`);
  leave(1);
}

/** After a signal the exit is left to whoever ends what still runs. */
function leave(code: number): void {
  if (!isInterrupted()) process.exit(code);
}

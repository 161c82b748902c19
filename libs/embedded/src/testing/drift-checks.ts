import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bin, inRoot } from '../layout.ts';
import { build, nxEnv } from '../prepare.ts';
import { mustRun } from '../run-command.ts';
import { failed, passed, type Check } from './result.ts';

interface Generated {
  readonly name: string;
  /** What is committed, a file or a folder, relative to the root. */
  readonly committed: string;
  /** Makes it anew below `into`, at the same place. */
  readonly generate: (into: string) => Promise<void>;
  readonly howToUpdate: string;
}

/** Generated files are never edited: what is committed is what the generator makes now. */
function driftCheck({ name, committed, generate, howToUpdate }: Generated): Check {
  return {
    name: `${name} is what its generator makes`,
    run: async () => {
      const into = mkdtempSync(path.join(tmpdir(), 'meridian-drift-'));
      try {
        await generate(into);
        const differing = differences(inRoot(committed), path.join(into, committed));
        if (differing.length === 0) return passed();
        return failed(`${committed} differs in ${differing.join(', ')}; ${howToUpdate}`);
      } catch (error) {
        return failed(error instanceof Error ? error.message : String(error));
      } finally {
        rmSync(into, { recursive: true, force: true });
      }
    },
  };
}

/** Names of files that are missing on one side or differ. */
export function differences(committed: string, made: string): string[] {
  const left = filesIn(committed);
  const right = filesIn(made);
  const names = [...new Set([...left, ...right])].sort();
  const same = (name: string) =>
    left.includes(name) &&
    right.includes(name) &&
    readFileSync(path.join(committed, name)).equals(readFileSync(path.join(made, name)));
  return names.filter((name) => !same(name)).map((name) => name || path.basename(committed));
}

/** Relative to `place`; a file is itself, under the empty name. */
function filesIn(place: string): string[] {
  if (!existsSync(place)) return [];
  if (statSync(place).isFile()) return [''];
  const names = readdirSync(place, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => statSync(path.join(place, name)).isFile());
}

const options = (cwd: string) => ({ cwd, env: nxEnv() });

const protocol: Generated = {
  name: 'the protocol code',
  committed: 'libs/protocol/src/generated',
  howToUpdate: 'run `npm run generate -w @meridian/protocol`.',
  generate: async (into) => {
    const out = path.join(into, 'libs', 'protocol');
    for (const template of ['buf.gen.worker.yaml', 'buf.gen.public.yaml']) {
      const args = ['generate', '--template', template, '--output', out];
      await mustRun('buf could not generate:', bin('buf'), args, options(inRoot('libs', 'protocol')));
    }
  },
};

const openApi: Generated = {
  name: 'docs/openapi.json',
  committed: 'docs/openapi.json',
  howToUpdate: 'run `./meridian test build && npm run openapi -w @meridian/control-plane`.',
  generate: async (into) => {
    await build();
    mkdirSync(path.join(into, 'docs'));
    const script = inRoot('apps', 'control-plane', 'dist', 'write-openapi.js');
    const args = [script, path.join(into, 'docs', 'openapi.json')];
    await mustRun('The OpenAPI document could not be made:', process.execPath, args, options(inRoot()));
  },
};

export const driftChecks: readonly Check[] = [protocol, openApi].map(driftCheck);

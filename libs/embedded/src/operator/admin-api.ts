import { existsSync } from 'node:fs';
import { DEFAULT_DATA_DIR, dataDirAt } from '../layout.ts';
import { Problem } from '../problem.ts';
import { findRunning } from '../supervisor/run-lock.ts';
import { openSecrets } from '../system/secrets.ts';

/** Where the admin API is: the `up` of a data folder, or a deployment by its URL and MERIDIAN_ADMIN_KEY. */
export interface AdminTarget {
  readonly data?: string | undefined;
  readonly url?: string | undefined;
}

export const ADMIN_OPTIONS = {
  data: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean' },
} as const;

const PATIENCE_MS = 10_000;

/** One GET of the admin API; a `Problem` that says what to do when there is no answer. */
export async function readAdmin<T>(target: AdminTarget, path: string): Promise<T> {
  const { url, adminKey } = find(target);
  const headers = { authorization: `Bearer ${adminKey}` };
  const answer = await fetch(new URL(path, url), { headers, signal: AbortSignal.timeout(PATIENCE_MS) }).catch(
    () => {
      throw new Problem(`${url} does not answer; start it with \`./meridian up\`, or give another --url.`);
    },
  );
  const body = (await answer.json()) as T & { readonly detail?: string };
  if (!answer.ok) throw new Problem(body.detail ?? `${url} answers ${answer.status}.`);
  return body;
}

function find({ data: folder = DEFAULT_DATA_DIR, url }: AdminTarget) {
  if (url !== undefined) {
    const adminKey = process.env['MERIDIAN_ADMIN_KEY'];
    if (!URL.canParse(url)) throw new Problem(`--url is "${url}"; give one such as http://127.0.0.1:4400.`);
    if (!adminKey)
      throw new Problem('With --url, set MERIDIAN_ADMIN_KEY to the admin key of that deployment.');
    return { url, adminKey };
  }
  const data = existsSync(folder) ? dataDirAt(folder) : undefined;
  const running = data && findRunning(data);
  if (!data || !running) {
    throw new Problem(`Nothing runs on ${folder}; start it with \`./meridian up\`, or give --data or --url.`);
  }
  return { url: running.url, adminKey: openSecrets(data).adminKey };
}

import { ADMIN_OPTIONS, readAdmin } from '../operator/admin-api.ts';
import { placementLines, type AuditEntry } from '../operator/audit-text.ts';
import { readOptions } from '../options.ts';
import { Problem } from '../problem.ts';

/** Why a session was placed where it was, each time. */
export async function why(args: readonly string[]): Promise<number> {
  const { values, positionals } = readOptions({
    args: [...args],
    options: ADMIN_OPTIONS,
    allowPositionals: true,
  });
  const [sessionId, ...rest] = positionals;
  if (sessionId === undefined || rest.length > 0 || !/^ses_[a-z2-7]{26}$/.test(sessionId)) {
    throw new Problem('Give one session id: `./meridian why ses_...`.');
  }
  const { entries } = await readAdmin<{ entries: AuditEntry[] }>(
    values,
    `/admin/v1/audit?sessionId=${sessionId}`,
  );
  if (entries.length === 0) throw new Problem(`There is no session ${sessionId}.`);
  const oldestFirst = entries.toReversed();
  const text = values.json ? JSON.stringify(oldestFirst) : oldestFirst.flatMap(placementLines).join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}

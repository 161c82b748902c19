import { ADMIN_OPTIONS, readAdmin } from '../operator/admin-api.ts';
import { auditLines, type AuditEntry } from '../operator/audit-text.ts';
import { readOptions } from '../options.ts';

/** The newest entries of the audit log, oldest first, so that the newest is the last line. */
export async function audit(args: readonly string[]): Promise<number> {
  const options = { ...ADMIN_OPTIONS, session: { type: 'string' }, tenant: { type: 'string' } } as const;
  const { values } = readOptions({
    args: [...args],
    options: { ...options, from: { type: 'string' }, limit: { type: 'string' } },
  });
  const asked = {
    sessionId: values.session,
    tenantId: values.tenant,
    from: values.from,
    limit: values.limit,
  };
  const given = Object.entries(asked).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const path = `/admin/v1/audit?${new URLSearchParams(given)}`;
  const { entries } = await readAdmin<{ entries: AuditEntry[] }>(values, path);
  const oldestFirst = entries.toReversed();
  const text = values.json ? JSON.stringify(oldestFirst) : auditLines(oldestFirst).join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
}

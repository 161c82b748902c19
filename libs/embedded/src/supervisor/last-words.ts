/** Of a log, the line that says best why its process ended; the last lines when none does. */
export function lastWords(log: string): string {
  const lines = log.trimEnd().split('\n').slice(-200);
  for (const line of lines.reverse()) {
    const words = fromJson(line) ?? (/\b\w*(Error|FATAL|fatal): /.test(line) ? line.trim() : undefined);
    if (words !== undefined) return words;
  }
  return lines.slice(0, 5).reverse().join('\n');
}

/** Our own processes log JSON lines; those of level error and fatal carry the error. */
function fromJson(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const { level, msg, err } = JSON.parse(line) as {
      level?: string;
      msg?: string;
      err?: { message?: string };
    };
    if (level !== 'fatal' && level !== 'error') return undefined;
    return [msg, err?.message].filter(Boolean).join(': ');
  } catch {
    return undefined;
  }
}

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** CPU time that a process and its children have used, ms. A tick of Linux is 10 ms. */
export function cpuTimeMs(pid: number): number {
  if (process.platform !== 'linux') return cpuTimeByPsMs(pid);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const own = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // utime and stime, fields 14 and 15; the name in field 2 may have spaces, so count from its end.
  const fields = own.slice(own.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const of = children === '' ? [] : children.split(' ').map(Number);
  return ticks * 10 + of.reduce((sum, child) => sum + cpuTimeMs(child), 0);
}

/** `[[HH:]MM:]SS.cc` */
function cpuTimeByPsMs(pid: number): number {
  const text = execFileSync('ps', ['-o', 'cputime=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1_000;
}

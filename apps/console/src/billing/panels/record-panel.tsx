import { addressOf } from '../api/ask.ts';
import type { ConservationAnswer, JobsAnswer, JobState, SetAsideAnswer } from '../api/shapes.ts';
import { useAnswer, type Answer } from '../api/use-answer.ts';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import { isLate, openBreaches } from '../views/conservation.ts';
import { countText, longDurationText } from '../words/money.ts';
import { momentText } from '../words/time.ts';

interface RecordProps {
  readonly conservation: Answer<ConservationAnswer>;
  readonly timeZone: string;
}

/** Whether the record can be trusted: conservation, what was set aside, and how late the jobs are. */
export function RecordPanel({ conservation, timeZone }: RecordProps) {
  const jobs = useAnswer<JobsAnswer>(addressOf('/jobs'));
  const setAside = useAnswer<SetAsideAnswer>(addressOf('/set-aside'));
  const list = jobs.data?.jobs ?? [];
  const late = list.filter(isLate);
  const when = (at: string | undefined): string =>
    at === undefined ? 'never' : momentText(Date.parse(at), timeZone);
  const table = tableOf<JobState>(
    [
      { head: 'Job', text: ({ name }) => name },
      {
        head: 'Every',
        text: ({ everyMs }) => longDurationText(everyMs),
        value: ({ everyMs }) => everyMs,
        isNumber: true,
      },
      {
        head: 'Last run',
        text: ({ lastRunAt }) => when(lastRunAt),
        value: ({ lastRunAt = '' }) => lastRunAt,
      },
      {
        head: 'Late by',
        text: ({ lagMs }) => longDurationText(lagMs),
        value: ({ lagMs }) => lagMs,
        isNumber: true,
      },
      {
        head: 'Oldest work',
        text: ({ backlogMs }) => (backlogMs === undefined ? '–' : longDurationText(backlogMs)),
        value: ({ backlogMs = null }) => backlogMs,
        isNumber: true,
      },
      {
        head: 'Failed',
        text: ({ failed }) => countText(failed),
        value: ({ failed }) => failed,
        isNumber: true,
      },
      { head: 'Last error', text: ({ lastError = '' }) => lastError },
    ],
    list,
  );
  return (
    <Panel
      name="record"
      title="The record"
      lead={
        late.length === 0
          ? 'Every job is on time.'
          : `${late.map(({ name }) => name).join(', ')} needs a look.`
      }
      answer={jobs}
      {...{ timeZone, table }}
      emptyText="No job has run yet."
      bodyPx={116}
    >
      <div className="record">
        <ConservationState answer={conservation} />
        <SetAside answer={setAside} />
        <ul className="jobs" aria-label="Jobs">
          {list.map((job) => (
            <li key={job.name} className={isLate(job) ? 'job late' : 'job'} title={job.lastError}>
              <span className="job-mark" aria-hidden="true">
                {isLate(job) ? '!' : '✓'}
              </span>
              {job.name}
              <small>
                {isLate(job)
                  ? (job.lastError ?? `late by ${longDurationText(Math.max(job.lagMs, job.backlogMs ?? 0))}`)
                  : 'on time'}
              </small>
            </li>
          ))}
        </ul>
      </div>
    </Panel>
  );
}

function ConservationState({ answer: { data } }: { answer: Answer<ConservationAnswer> }) {
  if (data === undefined) return <p className="record-state">–</p>;
  const open = openBreaches(data).length;
  return (
    <p className={open > 0 ? 'record-state broken' : 'record-state'}>
      <strong>
        {open > 0
          ? `${open} open ${open === 1 ? 'breach' : 'breaches'}`
          : 'Sessions + idle = bill, to the nano'}
      </strong>
      <span>
        {countText(data.checkedGpuHours)} GPU hours added up again in 90 days
        {data.deferred > 0 && `, ${countText(data.deferred)} to come`}; breaches that were mended:{' '}
        {countText(data.breaches.length - open)}
      </span>
    </p>
  );
}

function SetAside({ answer: { data } }: { answer: Answer<SetAsideAnswer> }) {
  const counts = Object.entries(data?.counts ?? {}).filter(([, count]) => count > 0);
  const sum = counts.reduce((total, [, count]) => total + count, 0);
  return (
    <p className="record-state">
      <strong>
        {sum === 0 ? 'Nothing set aside' : `${countText(sum)} ${sum === 1 ? 'report' : 'reports'} set aside`}
      </strong>
      <span>
        {counts.map(([reason, count]) => `${countText(count)} ${reason.replaceAll('_', ' ')}`).join(', ') ||
          'every report was counted once'}
      </span>
    </p>
  );
}

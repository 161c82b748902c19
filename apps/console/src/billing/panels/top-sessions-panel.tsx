import { addressOf } from '../api/ask.ts';
import type { TopSession, TopSessionsAnswer } from '../api/shapes.ts';
import { useAnswer } from '../api/use-answer.ts';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import { longDurationText, moneyText, unitsOf } from '../words/money.ts';
import type { Question } from './question.ts';

const SHOWN = 10;
const ASKED = 50;

export function TopSessionsPanel({ question }: { question: Question }) {
  const { window, filters, nameOf } = question;
  const params = { ...window, tenant: filters.tenant, limit: String(ASKED) };
  const answer = useAnswer<TopSessionsAnswer>(addressOf('/sessions/top', params));
  const rows = answer.data?.rows ?? [];
  const money = (row: TopSession): string => moneyText(unitsOf(row.costNano), row.currency);
  const table = tableOf<TopSession>(
    [
      { head: 'Session', text: ({ session }) => session },
      { head: 'Tenant', text: ({ tenant }) => nameOf('tenant', tenant), value: ({ tenant }) => tenant },
      { head: 'Model', text: ({ model }) => model },
      { head: 'Region', text: ({ region }) => region },
      {
        head: 'Active',
        text: ({ activeMs }) => longDurationText(activeMs),
        value: ({ activeMs }) => activeMs,
        isNumber: true,
      },
      { head: 'Cost', text: money, value: ({ costNano }) => costNano, isNumber: true },
      { head: 'Trace', text: ({ traceId = '–' }) => traceId },
    ],
    rows,
  );
  const [first] = rows;
  const lead =
    first === undefined ? '' : `The dearest cost ${money(first)} in ${longDurationText(first.activeMs)}.`;
  const most = Math.max(1e-9, ...rows.map(({ costNano }) => unitsOf(costNano)));
  return (
    <Panel
      name="top-sessions"
      title="Dearest sessions"
      {...{ lead, answer, table }}
      timeZone={filters.timeZone}
      csvAddress={addressOf('/sessions/top', { ...params, format: 'csv' })}
      emptyText="No session ran in this window."
      bodyPx={388}
      note={
        rows.length > SHOWN
          ? `${SHOWN} of ${rows.length}; the table has the rest, with their trace ids.`
          : undefined
      }
    >
      <ol className="top-sessions" aria-label={lead}>
        {rows.slice(0, SHOWN).map((row) => (
          <li key={row.session}>
            <code title={row.session}>{row.session.slice(-8)}</code>
            <span className="top-what">
              {nameOf('tenant', row.tenant)} · {row.model} · {row.region}
            </span>
            <span className="top-time">{longDurationText(row.activeMs)}</span>
            <span className="top-cost">{money(row)}</span>
            <span
              className="top-bar"
              style={{ width: `${(100 * unitsOf(row.costNano)) / most}%` }}
              aria-hidden="true"
            />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

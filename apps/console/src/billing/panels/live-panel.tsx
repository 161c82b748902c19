import type { LiveAnswer, LiveFigures } from '../api/shapes.ts';
import type { Answer } from '../api/use-answer.ts';
import { BandGauge } from '../charts/band-gauge.tsx';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import { countText, moneyText, perHourText, unitsOf } from '../words/money.ts';
import { clockText } from '../words/time.ts';

interface LiveRow extends LiveFigures {
  readonly kind: 'all' | 'region' | 'model';
  readonly label: string;
}

const rowsOf = (live: LiveAnswer): readonly LiveRow[] => [
  { ...live, kind: 'all', label: 'Everything' },
  ...live.byRegion.map((row) => ({ ...row, kind: 'region' as const, label: row.region })),
  ...live.byModel.map((row) => ({ ...row, kind: 'model' as const, label: row.model })),
];

/** What a user-hour costs at this moment, by region and by model. */
export function LivePanel({ live, timeZone }: { live: Answer<LiveAnswer>; timeZone: string }) {
  const { data } = live;
  const rows = data === undefined ? [] : rowsOf(data);
  const table = tableOf<LiveRow>(
    [
      { head: 'Of', text: ({ label }) => label },
      {
        head: 'A user-hour',
        text: (row) => perHourText(row.perUserHourLoaded, row.currency),
        value: (row) => row.perUserHourLoaded,
        isNumber: true,
      },
      {
        head: 'Sessions',
        text: (row) => countText(row.sessions),
        value: (row) => row.sessions,
        isNumber: true,
      },
      { head: 'Slots', text: (row) => countText(row.slots), value: (row) => row.slots, isNumber: true },
      { head: 'GPUs', text: (row) => countText(row.gpus), value: (row) => row.gpus, isNumber: true },
      {
        head: 'An hour',
        text: (row) => moneyText(unitsOf(row.nanoPerHour), row.currency),
        value: (row) => row.nanoPerHour,
        isNumber: true,
      },
    ],
    rows,
  );
  return (
    <Panel
      name="live"
      title="Now"
      lead={data === undefined ? '' : liveSentence(data)}
      answer={live}
      {...{ timeZone, table }}
      emptyText="No worker is up."
      bodyPx={374}
      note={
        data === undefined ? undefined : `At ${clockText(Date.parse(data.at), timeZone)}, asked every 5 s.`
      }
    >
      {data !== undefined && <LiveRows data={data} rows={rows} />}
    </Panel>
  );
}

function LiveRows({ data, rows }: { data: LiveAnswer; rows: readonly LiveRow[] }) {
  return (
    <ul className="live-rows" aria-label={liveSentence(data)}>
      {rows.map((row) => (
        <li key={`${row.kind} ${row.label}`} className={`live-${row.kind}`}>
          <span className="live-label">{row.label}</span>
          <span className="live-load">
            {row.sessions}/{row.slots}
          </span>
          <BandGauge band={data.band} value={row.perUserHourLoaded} />
          <span className="live-price">{perHourText(row.perUserHourLoaded, row.currency)}</span>
        </li>
      ))}
      {data.unreachableRegions.map((region) => (
        <li key={region} className="live-away">
          <span className="live-label">{region}</span> does not answer
        </li>
      ))}
    </ul>
  );
}

function liveSentence({ sessions, slots, gpus, perUserHourLoaded, currency }: LiveAnswer): string {
  const used = `${countText(sessions)} of ${countText(slots)} slots on ${countText(gpus)} GPUs`;
  return perUserHourLoaded === null
    ? `${used}: nobody walks just now.`
    : `${used}: ${moneyText(perUserHourLoaded, currency)} a user-hour.`;
}

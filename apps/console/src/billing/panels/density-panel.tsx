import { addressOf } from '../api/ask.ts';
import type { EconomicsAnswer } from '../api/shapes.ts';
import { useAnswer } from '../api/use-answer.ts';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import { densityPoints } from '../views/density.ts';
import { inCurrency } from '../views/user-hour.ts';
import { countText, moneyText, perHourText } from '../words/money.ts';
import { densitySentence } from '../words/sentences.ts';
import { DENSITY_PX, DensityChart } from './density-chart.tsx';
import type { Question } from './question.ts';

export function DensityPanel({ question, currency }: { question: Question; currency: string }) {
  const { window, filters } = question;
  const answer = useAnswer<EconomicsAnswer>(addressOf('/economics', window));
  const rows = inCurrency(answer.data?.rows ?? [], currency);
  const points = densityPoints(rows, currency);
  const table = tableOf(
    [
      { head: 'Pool', text: ({ pool }) => pool },
      {
        head: 'Sessions a GPU',
        text: ({ density }) => density.toFixed(2),
        value: ({ density }) => density,
        isNumber: true,
      },
      {
        head: 'Slots a GPU',
        text: (row) => countText(row.slotsPerGpu),
        value: (row) => row.slotsPerGpu,
        isNumber: true,
      },
      {
        head: 'A user-hour',
        text: (row) => perHourText(row.perUserHourLoaded, currency),
        value: (row) => row.perUserHourLoaded,
        isNumber: true,
      },
      {
        head: 'Sessions only',
        text: (row) => perHourText(row.perUserHour, currency),
        value: (row) => row.perUserHour,
        isNumber: true,
      },
      {
        head: 'A frame',
        text: (row) => (row.perFrameNano === null ? '–' : moneyText(row.perFrameNano / 1e9, currency, 7)),
        value: (row) => row.perFrameNano,
        isNumber: true,
      },
      {
        head: 'User-hours',
        text: (row) => countText(row.userHours),
        value: (row) => row.userHours,
        isNumber: true,
      },
    ],
    rows,
  );
  return (
    <Panel
      name="density"
      title="Packing against price"
      lead={densitySentence(points, currency)}
      {...{ answer, table }}
      timeZone={filters.timeZone}
      csvAddress={addressOf('/economics', { ...window, format: 'csv' })}
      emptyText="No pool was used in this window."
      bodyPx={DENSITY_PX + 62}
      note="Each line is what a user-hour of that GPU costs at every density; a dot is a pool, as large as its use."
    >
      {answer.data && <DensityChart points={points} band={answer.data.band} />}
    </Panel>
  );
}

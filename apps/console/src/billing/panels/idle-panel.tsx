import { addressOf } from '../api/ask.ts';
import type { GpuHoursAnswer } from '../api/shapes.ts';
import { useAnswer } from '../api/use-answer.ts';
import { PART_PAINTS } from '../charts/colours.ts';
import { Legend } from '../charts/legend.tsx';
import { StackedBars } from '../charts/stacked-bars.tsx';
import { TimePlot } from '../charts/time-plot.tsx';
import { useCursor } from '../charts/use-cursor.ts';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import { COST_PARTS, idleStackOf, nanoOfPart, PART_LABELS, type IdleStack } from '../views/idle-stack.ts';
import { stackOf } from '../views/stack.ts';
import { inCurrency } from '../views/user-hour.ts';
import { moneyText, shortMoneyText, unitsOf } from '../words/money.ts';
import { idleSentence } from '../words/sentences.ts';
import { bucketText } from '../words/time.ts';
import { bucketName, type Question } from './question.ts';

const HEIGHT_PX = 290;

export function IdlePanel({ question, currency }: { question: Question; currency: string }) {
  const { filters, window, interval } = question;
  const { timeZone, region, tenant, model } = filters;
  const params = { ...window, interval, timeZone, region };
  const answer = useAnswer<GpuHoursAnswer>(addressOf('/gpu-hours', params));
  const stack = idleStackOf(answer.data?.rows ?? [], currency);
  const rows = inCurrency(answer.data?.rows ?? [], currency);
  const money = (nano: bigint): string => moneyText(unitsOf(nano), currency);
  const table = tableOf(
    [
      {
        head: 'From',
        text: (row) => bucketText(Date.parse(row.from), interval, timeZone),
        value: (row) => row.from,
      },
      {
        head: 'Bill',
        text: (row) => money(BigInt(row.billNano)),
        value: (row) => row.billNano,
        isNumber: true,
      },
      ...COST_PARTS.map((part) => ({
        head: PART_LABELS[part],
        text: (row: (typeof rows)[number]) => money(nanoOfPart(row, part)),
        value: (row: (typeof rows)[number]) => String(nanoOfPart(row, part)),
        isNumber: true,
      })),
    ],
    rows,
  );
  return (
    <Panel
      name="idle"
      title="What the GPUs cost"
      lead={idleSentence(stack)}
      {...{ answer, timeZone, table }}
      csvAddress={addressOf('/gpu-hours', { ...params, format: 'csv' })}
      emptyText="No GPU was up in this window."
      bodyPx={HEIGHT_PX + 84}
      note={
        (tenant ?? model)
          ? 'Whole GPUs, of every tenant and model: a GPU that stands idle is nobody’s.'
          : undefined
      }
    >
      <IdleChart stack={stack} question={question} />
    </Panel>
  );
}

function IdleChart({ stack, question }: { stack: IdleStack; question: Question }) {
  const { interval, filters } = question;
  const cursor = useCursor(stack.startsMs.length);
  const pieces = stackOf(stack.series);
  const greatest = Math.max(0, ...(pieces.at(-1)?.map(([, top]) => top) ?? []));
  const layers = COST_PARTS.map((part, i) => ({ key: part, ...PART_PAINTS[part], pieces: pieces[i] ?? [] }));
  const read = cursor.index;
  const valueOf = (i: number): number =>
    read === undefined
      ? unitsOf(stack.totals[COST_PARTS[i] ?? 'sessions'])
      : (stack.series[i]?.values[read] ?? 0);
  return (
    <>
      <TimePlot
        {...{ interval, cursor, greatest }}
        sentence={idleSentence(stack)}
        startsMs={stack.startsMs}
        timeZone={filters.timeZone}
        heightPx={HEIGHT_PX}
        yText={(value) => shortMoneyText(value, stack.currency)}
      >
        {(places) => <StackedBars layers={layers} places={places} />}
      </TimePlot>
      <Legend
        of={read === undefined ? 'In the whole window' : bucketName(question, stack.startsMs, read)}
        isSpoken={cursor.isByKeys}
        items={layers.map((layer, i) => ({
          ...layer,
          label: PART_LABELS[layer.key],
          value: shortMoneyText(valueOf(i), stack.currency),
        }))}
      />
    </>
  );
}

import { addressOf } from '../api/ask.ts';
import type { UsageAnswer } from '../api/shapes.ts';
import { useAnswer } from '../api/use-answer.ts';
import { Panel } from '../panel/panel.tsx';
import { tableOf } from '../panel/table.ts';
import { monthStartMs } from '../filters/filters.ts';
import { burnDownOf } from '../views/burn-down.ts';
import { moneyText, percentText } from '../words/money.ts';
import { burnSentence } from '../words/sentences.ts';
import { BURN_PX, BurnChart, type Burning } from './burn-chart.tsx';
import type { Question } from './question.ts';
import { useBudgets } from './use-budgets.ts';

const MOST_BUDGETS = 4;
/** Budgets are of months in UTC, as the ledger's periods are. */
const ZONE = 'UTC';

interface BudgetProps {
  readonly question: Question;
  /** Undefined: not known yet. The ones that use most come first. */
  readonly tenants: readonly string[] | undefined;
}

export function BudgetPanel({ question, tenants }: BudgetProps) {
  const { filters, span, nameOf } = question;
  const month = monthOf(span.toMs - 1);
  const asked = filters.tenant === undefined ? tenants : [filters.tenant];
  const { budgets, error, again } = useBudgets(asked);
  const usage = useAnswer<UsageAnswer>(
    addressOf('/usage', {
      from: iso(month.fromMs),
      to: iso(month.nowMs),
      interval: 'day',
      timeZone: ZONE,
      groupBy: 'tenant',
      idle: 'own',
    }),
  );
  const rows = usage.data?.rows ?? [];
  const burning = (budgets ?? []).map(({ tenant, budget }): Burning => {
    const ofTenant = rows.filter((row) => row.tenant === tenant);
    return { tenant, budget, name: nameOf('tenant', tenant), burn: burnDownOf(budget, ofTenant, month) };
  });
  const urgentFirst = burning.toSorted(
    (a, b) => a.burn.leftAtEnd / (a.burn.limit || 1) - b.burn.leftAtEnd / (b.burn.limit || 1),
  );
  const answer = {
    ...usage,
    data: budgets && usage.data,
    error: error ?? usage.error,
    again: () => (again(), usage.again()),
  };
  const [first] = urgentFirst;
  return (
    <Panel
      name="budgets"
      title="Budgets this month"
      lead={first === undefined ? '' : burnSentence(first.name, first.burn, first.budget.currency)}
      answer={answer}
      timeZone={filters.timeZone}
      table={tableOf(COLUMNS, urgentFirst)}
      emptyText="No tenant has a budget this month."
      bodyPx={2 * BURN_PX + 20}
      note={
        burning.length > MOST_BUDGETS
          ? `The ${MOST_BUDGETS} that are used up first; all ${burning.length} are in the table.`
          : undefined
      }
    >
      <div className="budgets">
        {urgentFirst.slice(0, MOST_BUDGETS).map((each) => (
          <BurnChart key={each.budget.id} {...each} />
        ))}
      </div>
    </Panel>
  );
}

const iso = (ms: number): string => new Date(ms).toISOString();

function monthOf(nowMs: number) {
  const fromMs = monthStartMs(nowMs, ZONE);
  const next = new Date(fromMs);
  return { fromMs, toMs: Date.UTC(next.getUTCFullYear(), next.getUTCMonth() + 1, 1), nowMs: nowMs + 1 };
}

const money = (of: (each: Burning) => number) => (each: Burning) => moneyText(of(each), each.budget.currency);

const COLUMNS = [
  { head: 'Tenant', text: ({ name }: Burning) => name, value: ({ tenant }: Burning) => tenant },
  {
    head: 'Budget',
    text: money(({ burn }) => burn.limit),
    value: ({ budget }: Burning) => budget.limitNano,
    isNumber: true,
  },
  {
    head: 'Spent',
    text: money(({ burn }) => burn.spent),
    value: ({ burn }: Burning) => burn.spent,
    isNumber: true,
  },
  {
    head: 'Used',
    text: ({ burn }: Burning) => percentText(burn.spent / burn.limit),
    value: ({ burn }: Burning) => burn.spent / burn.limit,
    isNumber: true,
  },
  {
    head: 'Left at month’s end',
    text: money(({ burn }) => burn.leftAtEnd),
    value: ({ burn }: Burning) => burn.leftAtEnd,
    isNumber: true,
  },
  {
    head: 'Used up on day',
    text: ({ burn }: Burning) =>
      burn.emptyAfterDays === undefined ? '–' : String(Math.ceil(burn.emptyAfterDays)),
    isNumber: true,
  },
  { head: 'At the limit', text: ({ budget }: Burning) => (budget.hardStop ? 'sessions end' : 'alert only') },
];

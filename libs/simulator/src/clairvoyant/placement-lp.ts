// The most sessions that fit, for somebody who knows all of them beforehand, as a linear program.
//
//   maximise    sum x[stay, pool]
//   subject to  sum over pools of x[stay, pool] <= 1                       a session is in one place
//               sum over stays in the pool at t of x[stay, pool] <= slots  at every time t
//               0 <= x <= 1
//
// Whole x would be the optimum; here x may be a fraction, so that the result is an upper bound of it (within one pool it is
// the optimum: the matrix of intervals is totally unimodular). Two things make it small, and neither changes the result:
//   - Only times when one session came and the next event is a departure are looked at: who is there at any other time is a
//     subset of who is there then (maximal cliques of the interval graph). And only when more want to be there than fit.
//   - A row that lists everyone present would have hundreds of entries. The difference of two following rows has only who
//     came and who went: with a slack s for each time,  sum(came) - sum(went) + s[t] - s[t-1] = 0.
export interface Span {
  readonly pool: number;
  readonly fromMs: number;
  /** It is gone at this moment. */
  readonly toMs: number;
}

/** One session: where it could be, and when it would be there. */
export type Stay = readonly Span[];

/** Maximise cost x. Columns by `starts`, as in compressed sparse columns. */
export interface LinearProgram {
  readonly cost: Float64Array;
  readonly upper: Float64Array;
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
  readonly starts: Int32Array;
  readonly indices: Int32Array;
  readonly values: Float64Array;
}

export interface PlacementProgram {
  readonly lp: LinearProgram;
  /** Sessions that fit whatever the others do; they are no part of the program. */
  readonly certain: number;
}

/** @param slots of each pool */
export function placementProgram(stays: readonly Stay[], slots: readonly number[]): PlacementProgram {
  const program = new Program();
  const choices = stays.map((stay) =>
    stay.filter(({ pool }) => (slots[pool] ?? 0) > 0).map((span) => ({ span, column: new Column(1, 1) })),
  );
  for (const [pool, most] of slots.entries()) {
    const spans = choices.flatMap((choice) => choice.filter(({ span }) => span.pool === pool));
    addCapacity(program, spans, most);
  }
  let certain = 0;
  for (const choice of choices) {
    const columns = choice.map(({ column }) => column);
    if (columns.some((column) => column.entries.length === 0)) {
      certain += 1;
      continue;
    }
    if (columns.length > 1) {
      const row = program.addRow(-Infinity, 1);
      for (const column of columns) column.entries.push([row, 1]);
    }
    program.columns.push(...columns);
  }
  return { lp: program.sparse(), certain };
}

interface Choice {
  readonly span: Span;
  readonly column: Column;
}

function addCapacity(program: Program, choices: readonly Choice[], slots: number): void {
  const came = new Set<Column>();
  const went = new Set<Column>();
  let present = 0;
  let lastCame = false;
  let slackBefore: Column | undefined;
  const look = (): void => {
    if (present <= slots) return;
    const total = slackBefore ? 0 : slots;
    const row = program.addRow(total, total);
    for (const column of came) column.entries.push([row, 1]);
    for (const column of went) column.entries.push([row, -1]);
    came.clear();
    went.clear();
    slackBefore?.entries.push([row, -1]);
    slackBefore = new Column(0, slots);
    slackBefore.entries.push([row, 1]);
    program.columns.push(slackBefore);
  };
  for (const { column, comes } of eventsOf(choices)) {
    if (comes) {
      came.add(column);
      present += 1;
    } else {
      if (lastCame) look();
      present -= 1;
      if (!came.delete(column)) went.add(column);
    }
    lastCame = comes;
  }
}

interface Event {
  readonly atMs: number;
  readonly comes: boolean;
  readonly column: Column;
}

/** In order of time; at the same time those who go are first, since their slot is free then. */
const eventsOf = (choices: readonly Choice[]): readonly Event[] =>
  choices
    .filter(({ span }) => span.toMs > span.fromMs)
    .flatMap(({ span, column }) => [
      { atMs: span.fromMs, comes: true, column },
      { atMs: span.toMs, comes: false, column },
    ])
    .sort((a, b) => a.atMs - b.atMs || Number(a.comes) - Number(b.comes));

class Column {
  /** Row and coefficient. */
  readonly entries: (readonly [number, number])[] = [];
  readonly cost: number;
  readonly upper: number;

  constructor(cost: number, upper: number) {
    this.cost = cost;
    this.upper = upper;
  }
}

class Program {
  readonly columns: Column[] = [];
  readonly #rows: (readonly [number, number])[] = [];

  addRow(lower: number, upper: number): number {
    return this.#rows.push([lower, upper]) - 1;
  }

  sparse(): LinearProgram {
    const entries = this.columns.map((column) => column.entries.toSorted(([a], [b]) => a - b));
    const starts = new Int32Array(entries.length + 1);
    for (const [i, each] of entries.entries()) starts[i + 1] = (starts[i] ?? 0) + each.length;
    return {
      cost: Float64Array.from(this.columns, ({ cost }) => cost),
      upper: Float64Array.from(this.columns, ({ upper }) => upper),
      rowLower: Float64Array.from(this.#rows, ([lower]) => lower),
      rowUpper: Float64Array.from(this.#rows, ([, upper]) => upper),
      starts,
      indices: Int32Array.from(entries.flatMap((each) => each.map(([row]) => row))),
      values: Float64Array.from(entries.flatMap((each) => each.map(([, value]) => value))),
    };
  }
}

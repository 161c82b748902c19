import { useId, useState, type ReactNode } from 'react';
import { AskError } from '../api/ask.ts';
import { useAsker } from '../api/asker.ts';
import type { Answer } from '../api/use-answer.ts';
import { clockText } from '../words/time.ts';
import { DataTable } from './data-table.tsx';
import { downloadCsv, type CsvSource } from './download.ts';
import type { Table } from './table.ts';

/** The part of an answer that a panel shows as its own state. */
export type Asked = Pick<Answer<unknown>, 'data' | 'atMs' | 'error' | 'isChanging' | 'again'>;

interface PanelProps {
  /** Part of file names and test ids: `user-hour`. */
  readonly name: string;
  readonly title: string;
  /** What there is to see, in one sentence. */
  readonly lead: string;
  readonly answer: Asked;
  readonly timeZone: string;
  /** Undefined: nothing to show. */
  readonly table: Table | undefined;
  /** Where the API writes the same as CSV. */
  readonly csvAddress?: string | undefined;
  readonly controls?: ReactNode;
  readonly note?: string | undefined;
  readonly emptyText: string;
  /** Of what is shown, so that nothing moves when it comes. */
  readonly bodyPx: number;
  readonly children: ReactNode;
}

/** A chart with its table, its file, and what to say when there is nothing to draw. */
export function Panel(props: PanelProps) {
  const {
    name,
    title,
    lead,
    answer,
    timeZone,
    table,
    csvAddress,
    controls,
    note,
    emptyText,
    bodyPx,
    children,
  } = props;
  const [isTable, setTable] = useState(false);
  const id = useId();
  const isEmpty = table === undefined || table.rows.length === 0;
  return (
    <section className={`panel panel-${name}`} aria-labelledby={`${id}-title`} data-testid={`panel-${name}`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        <p className="panel-lead">{answer.data === undefined || isEmpty ? '\u00a0' : lead}</p>
        <div className="panel-actions">
          <button
            type="button"
            className="panel-chip"
            aria-pressed={isTable}
            disabled={isEmpty}
            onClick={() => setTable(!isTable)}
          >
            Table
          </button>
          <CsvButton
            name={name}
            isOff={isEmpty}
            source={
              csvAddress === undefined
                ? { table: table ?? { columns: [], rows: [] } }
                : { address: csvAddress }
            }
          />
        </div>
      </header>
      {controls !== undefined && <div className="panel-controls">{controls}</div>}
      <div
        className={answer.isChanging ? 'panel-body changing' : 'panel-body'}
        style={{ minHeight: bodyPx }}
        aria-busy={answer.isChanging}
      >
        {answer.data === undefined ? (
          <NothingYet answer={answer} heightPx={bodyPx} />
        ) : isEmpty ? (
          <p className="panel-empty" style={{ minHeight: bodyPx }}>
            {emptyText}
          </p>
        ) : isTable ? (
          <div style={{ height: bodyPx }}>
            <DataTable id={`${id}-table`} caption={title} table={table} />
          </div>
        ) : (
          children
        )}
      </div>
      <PanelFoot answer={answer} timeZone={timeZone} note={note} />
    </section>
  );
}

function CsvButton({ name, isOff, source }: { name: string; isOff: boolean; source: CsvSource }) {
  const { adminKey } = useAsker();
  const [state, setState] = useState<'ready' | 'asking' | 'failed'>('ready');
  const download = async (): Promise<void> => {
    setState('asking');
    try {
      await downloadCsv(`meridian-${name}`, source, adminKey);
      setState('ready');
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      setState('failed');
    }
  };
  return (
    <button
      type="button"
      className="panel-chip"
      disabled={isOff || state === 'asking'}
      onClick={() => void download()}
      data-testid={`csv-${name}`}
    >
      {state === 'failed' ? 'CSV failed, again?' : 'CSV'}
    </button>
  );
}

function NothingYet({ answer, heightPx }: { answer: Asked; heightPx: number }) {
  const { error, again } = answer;
  if (error === undefined) {
    return (
      <div className="panel-wait" style={{ minHeight: heightPx }} role="status">
        <span className="visually-hidden">Loading</span>
        <span className="pulse" />
      </div>
    );
  }
  return (
    <div className="panel-problem" style={{ minHeight: heightPx }} role="alert">
      <strong>These figures could not be had</strong>
      <p>{error.message}</p>
      <p className="fineprint">{[error.code, error.traceId].filter(Boolean).join(' · ')}</p>
      <button type="button" className="quiet" onClick={again}>
        Try again
      </button>
    </div>
  );
}

/** Its line is there even when empty, so that a stale figure does not push the page about. */
function PanelFoot({
  answer,
  timeZone,
  note,
}: {
  answer: Asked;
  timeZone: string;
  note: string | undefined;
}) {
  const { data, error, atMs } = answer;
  const isStale = data !== undefined && error !== undefined && atMs !== undefined;
  return (
    <footer className="panel-foot">
      {isStale ? (
        <p className="stale" role="status" data-testid="stale">
          As of {clockText(atMs, timeZone)}; newer figures could not be had ({error.code}).
        </p>
      ) : (
        <p>{note ?? '\u00a0'}</p>
      )}
    </footer>
  );
}

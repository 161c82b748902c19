export interface LegendItem {
  readonly key: string;
  readonly label: string;
  readonly colour: string;
  readonly striped?: boolean;
  readonly isLine?: boolean;
  readonly value: string;
}

interface LegendProps {
  /** What the values are of: a bucket, or the whole window. */
  readonly of: string;
  readonly items: readonly LegendItem[];
  readonly isSpoken: boolean;
}

/** Names the colours and reads the values at the cursor; it always has the same size. */
export function Legend({ of, items, isSpoken }: LegendProps) {
  return (
    <div className="legend">
      <p className="legend-of">{of}</p>
      <ul>
        {items.map(({ key, label, colour, striped, isLine, value }) => (
          <li key={key}>
            <Swatch colour={colour} striped={striped ?? false} isLine={isLine ?? false} />
            <span className="legend-label">{label}</span>
            <span className="legend-value">{value}</span>
          </li>
        ))}
      </ul>
      <p className="visually-hidden" aria-live="polite">
        {isSpoken ? `${of}: ${items.map(({ label, value }) => `${label} ${value}`).join(', ')}` : ''}
      </p>
    </div>
  );
}

function Swatch({ colour, striped, isLine }: { colour: string; striped: boolean; isLine: boolean }) {
  const classes = ['key-swatch', striped && 'striped', isLine && 'is-line'].filter(Boolean).join(' ');
  return <span className={classes} style={{ '--swatch': colour }} aria-hidden="true" />;
}

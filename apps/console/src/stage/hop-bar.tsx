import type { Hops } from '@meridian/sdk';
import { HOPS } from '../words/hop-words.ts';

/** The hops as lengths of one bar; its words are beside it, for colours alone say little. */
export function HopBar({ hops }: { hops: Hops }) {
  return (
    <div className="hop-bar" aria-hidden="true">
      {HOPS.map(({ name }) => (
        <span
          key={name}
          className={`hop hop-${name}`}
          style={{ flexGrow: hops.totalMs === 0 ? 1 : hops[name] }}
        />
      ))}
    </div>
  );
}

/** Where the time between an action and its frame goes, small enough to stay on the screen. */
export function HopStrip({ hops }: { hops: Hops | undefined }) {
  if (hops === undefined) return null;
  return (
    <div className="hop-strip" data-testid="hops" title="Where the time of a typical action goes">
      <HopBar hops={hops} />
      <dl>
        {HOPS.map(({ name, short }) => (
          <div key={name}>
            <dt>
              <span className={`swatch hop-${name}`} aria-hidden="true" />
              {short}
            </dt>
            <dd>{shortMs(hops[name])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** Two figures say it: the unit is that of the whole, beside it. */
function shortMs(ms: number): string {
  return ms.toFixed(ms < 9.95 ? 1 : 0);
}

import type { RegionProbe } from '@meridian/sdk';
import { msText } from '../words/format.ts';

/** How far each region is, nearest first. */
export function RegionList({ probes }: { probes: readonly RegionProbe[] | undefined }) {
  if (probes === undefined) return <p className="probing">Measuring the way to every region…</p>;
  if (probes.length === 0) return <p className="probing">No region is set up.</p>;
  const nearestFirst = probes.toSorted((a, b) => (a.rttMs ?? Infinity) - (b.rttMs ?? Infinity));
  return (
    <ul className="regions" aria-label="Regions and their round trip">
      {nearestFirst.map((probe, index) => (
        <li key={probe.region} className={probe.reachable ? '' : 'away'}>
          <span className="region-name">{probe.name}</span>
          {index === 0 && probe.reachable && <span className="tag">nearest</span>}
          <span className="leader" aria-hidden="true" />
          <span className="rtt">{probe.reachable ? msText(probe.rttMs) : 'no answer'}</span>
        </li>
      ))}
    </ul>
  );
}

const MERIDIANS = [34, 92, 140, 176, 196];
const PARALLELS = [-128, -66, 0, 66, 128];
const RADIUS = 200;

/** The page's one ornament: a globe of meridians, drawn in hairlines. */
export function Globe() {
  return (
    <svg className="globe" viewBox="-220 -220 440 440" aria-hidden="true" focusable="false">
      <defs>
        <radialGradient id="globe-light" cx="-60" cy="-90" r="330" gradientUnits="userSpaceOnUse">
          <stop offset="0" stopColor="#e8b06a" stopOpacity="0.22" />
          <stop offset="0.55" stopColor="#e8b06a" stopOpacity="0.04" />
          <stop offset="1" stopColor="#e8b06a" stopOpacity="0" />
        </radialGradient>
      </defs>
      <circle r={RADIUS} className="globe-body" />
      {MERIDIANS.map((rx) => (
        <ellipse key={rx} rx={rx} ry={RADIUS} />
      ))}
      <path d={`M0 ${-RADIUS}V${RADIUS}`} className="prime" />
      {PARALLELS.map((y) => {
        const rx = Math.sqrt(RADIUS ** 2 - y ** 2);
        return <ellipse key={y} cy={y} rx={rx} ry={rx * 0.12} className="parallel" />;
      })}
      <circle r={RADIUS} className="rim" />
    </svg>
  );
}

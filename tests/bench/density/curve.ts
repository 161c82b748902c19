// The curve of a density bench: sessions against the time of a frame, for a person to look at.
import { aligned } from '@meridian/embedded';
import { keepsPace, type Point } from './point.ts';

const HEADINGS = ['sessions', 'frame p50', 'p99', 'arrivals p50', 'p99', 'late', 'fps', 'CPU', 'GPU', ''];

/** Times in ms. */
export function curveTable(points: readonly Point[]): string {
  const rows = inOrder(points).map((point) => [
    String(point.sessions),
    number(point.frameMsP50),
    number(point.frameMsP99),
    number(point.gapMsP50),
    number(point.gapMsP99),
    `${(100 * point.lateShare).toFixed(2)} %`,
    point.fpsMin.toFixed(2),
    `${point.cpuPercent.toFixed(0)} %`,
    point.gpuPercent === undefined ? '-' : `${point.gpuPercent.toFixed(0)} %`,
    keepsPace(point) ? '' : 'too many',
  ]);
  return aligned([HEADINGS, ...rows]).join('\n');
}

const [WIDTH, HEIGHT, MARGIN] = [640, 360, 48];
/** The axis of time ends here; what is slower is drawn at its top. */
const MS_MAX = 100;

/** p99 (solid) and p50 (dashed) of a frame against sessions, with the deadline as a line. */
export function curveSvg(points: readonly Point[], title: string, deadlineMs: number): string {
  const ordered = bestOfEach(inOrder(points).filter(({ frameMsP99 }) => Number.isFinite(frameMsP99)));
  const sessionsMax = Math.max(1, ...ordered.map(({ sessions }) => sessions));
  const x = (sessions: number): number => MARGIN + (sessions / sessionsMax) * (WIDTH - 2 * MARGIN);
  const y = (ms: number): number => HEIGHT - MARGIN - (Math.min(ms, MS_MAX) / MS_MAX) * (HEIGHT - 2 * MARGIN);
  const line = (of: (point: Point) => number): string =>
    ordered.map((point) => `${x(point.sessions).toFixed(1)},${y(of(point)).toFixed(1)}`).join(' ');
  const text = (atX: number, atY: number, words: string, anchor = 'middle'): string =>
    `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 20, escaped(title)),
    text(WIDTH / 2, HEIGHT - 8, 'sessions'),
    text(8, MARGIN - 10, 'frame time, ms: p99 solid, p50 dashed', 'start'),
    `<path d="M${MARGIN} ${MARGIN}V${HEIGHT - MARGIN}H${WIDTH - MARGIN}" fill="none" stroke="#888"/>`,
    ...[0, 20, 40, 60, 80, 100].map((ms) => text(MARGIN - 6, y(ms) + 4, String(ms), 'end')),
    ...ordered.map(({ sessions }) => text(x(sessions), HEIGHT - MARGIN + 16, String(sessions))),
    `<path d="M${MARGIN} ${y(deadlineMs)}H${WIDTH - MARGIN}" stroke="#c33" stroke-dasharray="2 4"/>`,
    `<polyline points="${line((point) => point.frameMsP99)}" fill="none" stroke="#236" stroke-width="2"/>`,
    `<polyline points="${line((point) => point.frameMsP50)}" fill="none" stroke="#236" stroke-dasharray="6 4"/>`,
    '</svg>',
    '',
  ].join('\n');
}

const inOrder = (points: readonly Point[]): Point[] => [...points].sort((a, b) => a.sessions - b.sessions);

/** A point that was measured again: nothing can make one better than it is. */
const bestOfEach = (points: readonly Point[]): Point[] =>
  points.filter((point) =>
    points.every((other) => other.sessions !== point.sessions || other.frameMsP99 >= point.frameMsP99),
  );

const number = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : '-');

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

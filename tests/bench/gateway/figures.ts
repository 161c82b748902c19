// What is printed of the turns of all programs.
import { percentile, type Figure } from '@meridian/embedded';

/** One program relays for some seconds. */
export interface Turn {
  readonly cpuUsPerFrame: number;
  readonly framesPerSecond: number;
  /** From encoded at the worker to whole at the client, ms, of every frame. */
  readonly delaysMs: readonly number[];
}

/** The turns of each contender by its name, one a round. */
export type Turns = ReadonlyMap<string, readonly Turn[]>;

/** Of the gateway to each peer, in the same round, so that what else the machine does meets both. */
export function ratios(turns: Turns): readonly Figure[] {
  const [grpc, webSocket] = ['gateway, gRPC', 'gateway, WebSocket'];
  const cpu = (name: string, ours: string, peer: string, max?: number): Figure[] => {
    const rounds = roundsOf(turns, ours, peer);
    const each = rounds.map(({ own, other }) => own.cpuUsPerFrame / other.cpuUsPerFrame);
    return rounds.length === 0 ? [] : [barred(spread(name, '', each), max)];
  };
  const added = (name: string, ours: string, peer: string, max: number): Figure[] => {
    const rounds = roundsOf(turns, ours, peer);
    const each = rounds.map((round) => addedRatio([round]));
    return rounds.length === 0 ? [] : [barred({ ...spread(name, '', each), value: addedRatio(rounds) }, max)];
  };
  return [
    ...cpu('cpu_ratio_nginx', grpc, 'nginx', 1),
    ...cpu('cpu_ratio_nginx_tls', `${grpc}, TLS`, 'nginx, TLS', 1),
    ...added('added_p99_ratio_nginx', grpc, 'nginx', 1),
    ...added('added_p99_ratio_nginx_tls', `${grpc}, TLS`, 'nginx, TLS', 1),
    ...cpu('cpu_ratio_haproxy', grpc, 'HAProxy'),
    ...cpu('cpu_ratio_haproxy_tls', `${grpc}, TLS`, 'HAProxy, TLS'),
    ...cpu('cpu_ratio_nginx_websocket', webSocket, 'nginx'),
    ...cpu('cpu_ratio_nginx_websocket_tls', `${webSocket}, TLS`, 'nginx, TLS'),
    ...cpu('cpu_ratio_bare_http2', grpc, 'bare node:http2 pipe'),
  ];
}

interface Round {
  readonly own: Turn;
  readonly other: Turn;
  readonly direct: Turn;
}

const roundsOf = (turns: Turns, ours: string, peer: string): Round[] =>
  (turns.get(ours) ?? []).flatMap((own, at) => {
    const [other, direct] = [turns.get(peer)?.[at], turns.get('no relay')?.[at]];
    return other && direct ? [{ own, other, direct }] : [];
  });

/**
 * Of the frames of all rounds together: what a relay adds is a small difference, and that of single rounds goes from a
 * quarter to four times what it is for all of them.
 */
function addedRatio(rounds: readonly Round[]): number {
  const direct = delayMsP99(rounds.map((round) => round.direct));
  const [own, other] = [rounds.map((round) => round.own), rounds.map((round) => round.other)];
  return (delayMsP99(own) - direct) / (delayMsP99(other) - direct);
}

const delayMsP99 = (turns: readonly Turn[]) =>
  percentile(
    turns.flatMap(({ delaysMs }) => delaysMs),
    0.99,
  );

/** Of one program. */
export function absolute(name: string, pid: number | undefined, turns: readonly Turn[]): readonly Figure[] {
  const cpuUs = turns.map(({ cpuUsPerFrame }) => cpuUsPerFrame);
  const delayMs = turns.map((turn) => delayMsP99([turn]));
  const perSecond = turns.map(({ framesPerSecond }) => framesPerSecond);
  return [
    ...(pid === undefined ? [] : [spread(`${name}: CPU per frame`, 'µs', cpuUs)]),
    { ...spread(`${name}: encoded to received, p99`, 'ms', delayMs), value: delayMsP99(turns) },
    spread(`${name}: frames received`, '1/s', perSecond),
  ];
}

const barred = (figure: Figure, max: number | undefined): Figure =>
  max === undefined ? figure : { ...figure, bar: { max } };

const spread = (name: string, unit: string, values: readonly number[]): Figure => ({
  name,
  unit,
  value: percentile(values, 0.5),
  spread: [Math.min(...values), Math.max(...values)],
});

export const notShown = (absent: readonly string[]): readonly string[] => [
  'the network: source, relay and users share one machine and its cores, which the delays feel',
  'handshakes of TLS: streams are open when the measuring begins',
  "the first half minute of a gateway's life, while V8 compiles what is called often",
  'what the gateway does for a slow client, a lost worker or a second device; the peers do nothing of it, nor do they check tokens',
  'peers tuned beyond their defaults, and with more than one thread',
  ...absent.map((name) => `${name}: it is not installed here`),
];

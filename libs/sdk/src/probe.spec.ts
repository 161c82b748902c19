import { describe, expect, it } from '@jest/globals';
import { probeRegion, toRttMs } from './probe.ts';

const region = {
  ...{ id: 'us-east', name: 'US East', jurisdiction: 'us', reachable: true, models: [] },
  pingUrl: 'http://gateway/ping',
};

/** Pings that take so long on the clock; `undefined` is one that is lost. */
function ports(pingsMs: (number | undefined)[], networkMs?: number) {
  let nowMs = 0;
  const fetch = (): Promise<Response> => {
    const ms = pingsMs.shift();
    if (ms === undefined) return Promise.reject(new TypeError('lost'));
    nowMs += ms;
    return Promise.resolve(new Response(null, { status: 204 }));
  };
  return { fetch, clock: { nowMs: () => nowMs, after: () => () => undefined }, networkMs: () => networkMs };
}

describe('probeRegion', () => {
  it('keeps what it measured before a ping was lost', async () => {
    expect(await probeRegion(ports([90, 10, 14, undefined]), region, {})).toMatchObject({ rttMs: 12 });
  });

  it('does not take the first round trip for a measurement', async () => {
    const probe = await probeRegion(ports([90, undefined]), region, {});
    expect(probe.reachable).toBe(false);
    expect(toRttMs([probe])).toEqual({});
  });

  it('believes the network stack rather than a busy page', async () => {
    expect(await probeRegion(ports([90, 40, 40, 40, 40], 2.5), region, {})).toMatchObject({ rttMs: 2.5 });
  });

  it('sends at most what the API takes', () => {
    const known = { region: 'us-east', name: 'US East', jurisdiction: 'us', reachable: true };
    expect(toRttMs([{ ...known, rttMs: 60_000 }])).toEqual({ 'us-east': 10_000 });
  });
});

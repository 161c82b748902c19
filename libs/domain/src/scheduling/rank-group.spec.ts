import { describe, expect, it } from '@jest/globals';
import type { SessionId } from '../ids.ts';
import type { SessionRequest } from '../session/session.ts';
import { explainGroup, rankRegionsForGroup } from './rank-group.ts';
import type { CapacitySnapshot } from './snapshot.ts';
import { pool, region, request, snapshot, worker } from './testing/fleet.ts';

const group = (...members: readonly Partial<SessionRequest>[]) =>
  members.map((over, i) => request({ sessionId: `ses_${i}` as SessionId, ...over }));
const rank = (
  members: readonly SessionRequest[],
  over: CapacitySnapshot,
  context: Partial<Parameters<typeof rankRegionsForGroup>[2]> = {},
) => rankRegionsForGroup(members, over, { waitedMs: 0, ...context });
const regionsOf = (ranking: ReturnType<typeof rank>) => ranking.places.map((place) => place.region);

const both = snapshot(
  region('us-east', [pool('us-east')]),
  region('eu-west', [pool('eu-west', { slots: 8 })]),
);

describe('a group of sessions', () => {
  it('goes where the one served worst is served best', () => {
    const near = { rttMs: { 'us-east': 5, 'eu-west': 45 } };
    const far = { rttMs: { 'us-east': 50, 'eu-west': 20 } };
    expect(regionsOf(rank(group(near, near, far), both))).toEqual(['eu-west', 'us-east']);
    expect(regionsOf(rank(group(near, near), both))[0]).toBe('us-east');
  });

  it('goes where all of them fit, however near another region is', () => {
    const ranking = rank(group({}, {}, {}, {}, {}), both);
    expect(regionsOf(ranking)).toEqual(['eu-west']);
    expect(ranking.refusals).toMatchObject([{ region: 'us-east', refusal: { code: 'group_too_large' } }]);
    expect(explainGroup(ranking, ranking.places[0]?.region)).toMatchObject([
      { region: 'eu-west', outcome: 'chosen', reason: expect.stringContaining('room for all 5') },
      { region: 'us-east', outcome: 'rejected', reason: expect.stringContaining('room for 4 of the 5') },
    ]);
  });

  it('goes nowhere when it fits nowhere, and waiting may help', () => {
    const nine = group(...Array.from({ length: 9 }, () => ({})));
    expect(rank(nine, both)).toMatchObject({ kind: 'full', places: [] });
  });

  it('is impossible where one of them is', () => {
    expect(rank(group({}, { residency: 'mars' }), both).kind).toBe('impossible');
    expect(regionsOf(rank(group({}, { residency: 'eu' }), both))).toEqual(['eu-west']);
  });

  it('is counted by workers, the widest member first, when they span GPUs', () => {
    const workers = ['a', 'b'].map((id) => worker(id, { slots: 4, gpus: 4 }));
    const over = snapshot(region('us-east', [pool('us-east', { workers })]));
    const fits = rank(group({ gpus: 1 }, { gpus: 4 }, { gpus: 3 }), over);
    expect(fits.places[0]?.members.map((m) => m.sessionId)).toEqual(['ses_1', 'ses_2', 'ses_0']);
    expect(rank(group({ gpus: 3 }, { gpus: 3 }, { gpus: 2 }), over).places).toEqual([]);
  });

  it('counts against the quota together', () => {
    expect(rank(group({}, {}), both, { quota: { open: 3, max: 5 } }).kind).toBe('ranked');
    expect(rank(group({}, {}, {}), both, { quota: { open: 3, max: 5 } }).places).toEqual([]);
  });
});

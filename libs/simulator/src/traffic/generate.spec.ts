import { describe, expect, it } from '@jest/globals';
import { aScenario } from '../testing/a-scenario.ts';
import { makeTraffic } from './generate.ts';
import { readCities, readConcurrency, readDurations, readRtt } from './inputs.ts';
import { distanceKm } from './rtt.ts';
import type { Traffic } from './traffic.ts';

const file = (text: string) => ({ file: 'my.csv', text });
const day = { durationS: 86_400, warmupS: 1_800 };

const countAt = ({ arrivals }: Traffic, atMs: number): number =>
  arrivals.filter((arrival) => arrival.atMs <= atMs && arrival.atMs + arrival.durationMs > atMs).length;

const quantile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(share * values.length)] ?? NaN;

describe('generated traffic', () => {
  const traffic = makeTraffic(aScenario({ ...day, traffic: { peakConcurrent: 500 } }), 1);
  const counted = traffic.arrivals.filter(({ atMs }) => atMs >= traffic.countFromMs);

  it('has lognormal durations: median 30 minutes, p90 127', () => {
    const minutes = counted.map(({ durationMs }) => durationMs / 60_000);
    expect(quantile(minutes, 0.5)).toBeGreaterThan(29);
    expect(quantile(minutes, 0.5)).toBeLessThan(31);
    expect(quantile(minutes, 0.9)).toBeGreaterThan(121);
    expect(quantile(minutes, 0.9)).toBeLessThan(133);
    expect(Math.max(...minutes)).toBeLessThanOrEqual(720);
  });

  it('reaches the peak that was asked for, and falls to less than half of it by local night', () => {
    const hours = Array.from({ length: 24 }, (_, hour) =>
      countAt(traffic, traffic.countFromMs + hour * 3_600_000),
    );
    expect(Math.max(...hours)).toBeGreaterThan(450);
    expect(Math.max(...hours)).toBeLessThan(560);
    expect(Math.min(...hours)).toBeLessThan(250);
  });

  it('is there from the start: the warm-up fills it with sessions that had begun before', () => {
    const flat = aScenario({ ...day, traffic: { peakConcurrent: 500, diurnal: false } });
    const steady = makeTraffic(flat, 1);
    expect(countAt(steady, steady.countFromMs)).toBeGreaterThan(430);
    expect(countAt(steady, steady.countFromMs)).toBeLessThan(570);
  });

  it('comes from the cities by their weight', () => {
    const total = traffic.cities.reduce((sum, { weight }) => sum + weight, 0);
    const newYork = traffic.cities.find(({ city }) => city === 'New York');
    const share = counted.filter(({ city }) => city === 'New York').length / counted.length;
    expect(share).toBeGreaterThan((0.85 * (newYork?.weight ?? 0)) / total);
    expect(share).toBeLessThan((1.15 * (newYork?.weight ?? 0)) / total);
  });

  it('has RTTs that grow with the distance, the user’s access in each', () => {
    const [london, newYork] = ['London', 'New York'].map((name) =>
      counted.filter(({ city }) => city === name),
    );
    expect(
      quantile(
        (london ?? []).map(({ rttMs }) => rttMs['eu-west'] ?? NaN),
        0.5,
      ),
    ).toBeCloseTo(13.5, -0.5);
    // 5,570 km: 82 ms of way and the access.
    expect(
      quantile(
        (newYork ?? []).map(({ rttMs }) => rttMs['eu-west'] ?? NaN),
        0.5,
      ),
    ).toBeGreaterThan(90);
    expect(
      distanceKm({ latitude: 51.51, longitude: -0.13 }, { latitude: 40.71, longitude: -74.01 }),
    ).toBeCloseTo(5_570, -2);
  });

  it('is the same for a seed, and another for another', () => {
    const scenario = aScenario({ traffic: { peakConcurrent: 20 } });
    expect(makeTraffic(scenario, 3)).toEqual(makeTraffic(scenario, 3));
    expect(makeTraffic(scenario, 3)).not.toEqual(makeTraffic(scenario, 4));
  });
});

describe('traffic from files', () => {
  const cities = readCities(
    file('city,weight,latitude,longitude\nWashington,3,38.9,-77\nLondon,1,51.5,-0.1\n'),
  );
  const rtt = readRtt(file(',Washington,London\nWashington,1,75\nLondon,76,2\n'));

  it('takes RTTs as they were measured', () => {
    const { arrivals } = makeTraffic(aScenario({ traffic: { peakConcurrent: 20 } }), 1, { cities, rtt });
    const london = arrivals.find(({ city }) => city === 'London');
    expect(london?.rttMs).toEqual({ 'us-east': 76, 'eu-west': 2 });
  });

  it('follows a curve of sessions', () => {
    const concurrency = readConcurrency(file('time_s,count\n0,100\n3600,200\n7200,50\n'));
    const traffic = makeTraffic(aScenario({ warmupS: 600 }), 1, { concurrency });
    const at = (s: number): number => countAt(traffic, traffic.countFromMs + s * 1_000);
    expect(at(0)).toBeGreaterThan(95);
    expect(at(1_800)).toBeGreaterThan(140);
    expect(at(1_800)).toBeLessThan(160);
    expect(at(3_600)).toBeGreaterThan(190);
    expect(at(3_600)).toBeLessThan(210);
    expect(traffic.endMs - traffic.countFromMs).toBe(7_200_000);
  });

  it('plays given arrivals, with durations drawn from those given', () => {
    const arrivals = [
      { atS: 10, city: 'London', durationS: 90 },
      { atS: 20, city: 'Washington', durationS: undefined },
    ];
    const durations = readDurations(file('minutes\n7\n'));
    const traffic = makeTraffic(aScenario(), 1, { cities, rtt, arrivals, durations });
    expect(traffic.arrivals.map(({ atMs, durationMs }) => [atMs, durationMs])).toEqual([
      [10_000, 90_000],
      [20_000, 420_000],
    ]);
    expect(traffic.countFromMs).toBe(0);
  });

  it.each([
    [
      { arrivals: [{ atS: 1, city: 'Atlantis', durationS: 1 }], cities },
      'An arrival is in "Atlantis", which is none of the cities',
    ],
    [
      { rtt: readRtt(file(',Rome\nRome,0\n')) },
      'The RTT matrix has no "Washington", which region us-east is looked up by',
    ],
    [
      { rtt, cities: readCities(file('city,latitude,longitude\nOslo,59.9,10.7\n')) },
      'The city "Oslo" is not in the RTT matrix',
    ],
  ])('says what does not fit together', (inputs, sentence) => {
    expect(() => makeTraffic(aScenario(), 1, inputs)).toThrow(sentence);
  });
});

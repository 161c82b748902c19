import { describe, expect, it } from '@jest/globals';
import { readScenario } from './scenario.ts';
import { aScenario } from './testing/a-scenario.ts';

const read = (value: unknown) => readScenario(JSON.stringify(value), 'my.json');

describe('a scenario', () => {
  it('has defaults for what is left out', () => {
    const { warmupS, slo, autoscale, policy, traffic } = read({
      ...{ name: 'small', durationS: 60, traffic: { peakConcurrent: 1 } },
      regions: [{ region: 'us-east', jurisdiction: 'us', latitude: 0, longitude: 0 }],
      pools: [{ region: 'us-east', slotsPerGpu: 1, gpus: 1, pricePerGpuHourGbp: 1 }],
    });
    expect({ warmupS, slo, autoscale }).toEqual({ warmupS: 1_800, slo: { rttMs: 80 }, autoscale: false });
    expect(policy).toEqual({ targetActionToFrameMs: 80, latencySteps: [], maxWaitMs: 600_000 });
    expect(traffic).toMatchObject({ medianMinutes: 30, p90Minutes: 127, diurnal: true });
  });

  it.each([
    ['{', 'my.json is not JSON'],
    [JSON.stringify({ ...aScenario(), durationS: -1 }), '  durationS: Too small: expected number to be >0'],
    [JSON.stringify({ ...aScenario(), durationMs: 1 }), 'Unrecognized key: "durationMs"'],
    [
      JSON.stringify({ ...aScenario(), pools: [{ ...aScenario().pools[0], region: 'mars' }] }),
      '  pools[0].region: there is no region "mars"; give one of us-east, eu-west',
    ],
    [
      JSON.stringify({ ...aScenario(), pools: [aScenario().pools[0], aScenario().pools[0]] }),
      '  pools[1].region: there are two pools of h100 in us-east; make them one',
    ],
    [
      JSON.stringify({ ...aScenario(), traffic: { peakConcurrent: 1, medianMinutes: 30, p90Minutes: 20 } }),
      '  traffic.p90Minutes: it is not above medianMinutes; give a longer time',
    ],
  ])('names each field that is wrong', (json, sentence) => {
    expect(() => readScenario(json, 'my.json')).toThrow(sentence);
  });
});

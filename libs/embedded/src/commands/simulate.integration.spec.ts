import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inRoot } from '../layout.ts';
import { runCommand } from '../run-command.ts';

const SCENARIO = {
  ...{ name: 'an evening', durationS: 3_600, warmupS: 600, traffic: { peakConcurrent: 12 } },
  regions: [
    { region: 'us-east', jurisdiction: 'us', latitude: 38.9, longitude: -77, city: 'Washington' },
    { region: 'eu-west', jurisdiction: 'eu', latitude: 51.5, longitude: -0.1, city: 'London' },
  ],
  pools: [
    { region: 'us-east', slotsPerGpu: 4, gpus: 2, pricePerGpuHourGbp: 2 },
    { region: 'eu-west', slotsPerGpu: 4, gpus: 1, pricePerGpuHourGbp: 2 },
  ],
};

const FILES = {
  'scenario.json': JSON.stringify(SCENARIO),
  'cities.csv': 'city,weight,latitude,longitude\nWashington,2,38.9,-77\nLondon,1,51.5,-0.1\n',
  'rtt.csv': ',Washington,London\nWashington,1,75\nLondon,75,1\n',
  'arrivals.csv': 'time_s,city,duration_s\n0,London,900\n30,Washington,900\n60,Washington,\n',
  'durations.csv': 'minutes\n5\n10\n',
  'outages.csv': 'region_or_worker,start_s,end_s\neu-west,300,600\n',
  'bad.csv': 'time_s,city\n12,London\nnoon,London\n',
};

describe('./meridian simulate', () => {
  let folder = '';

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'meridian-simulate-'));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(folder, name), text);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const simulate = (...args: readonly string[]) =>
    runCommand(inRoot('meridian'), ['simulate', ...args], { cwd: folder });

  it('runs generated traffic from another folder: the same seed, the same figures', async () => {
    const args = ['--scenario', 'scenario.json', '--seed', '4', '--compare', '--json'];
    const [one, two] = [await simulate(...args), await simulate(...args)];
    expect([one.code, two.code]).toEqual([0, 0]);
    const figures = (json: string): string => json.slice(0, json.indexOf(',"wall"'));
    expect(figures(one.stdout).length).toBeGreaterThan(100);
    expect(figures(one.stdout)).toBe(figures(two.stdout));
    const [contender] = (JSON.parse(one.stdout) as { contenders: { figures: { arrivals: number }[] }[] })
      .contenders;
    expect(contender?.figures[0]?.arrivals).toBeGreaterThan(2);
  }, 120_000);

  it('runs given traffic, compares and draws', async () => {
    const { code, stdout } = await simulate(
      ...[
        '--scenario',
        'scenario.json',
        '--rtt',
        'rtt.csv',
        '--cities',
        'cities.csv',
        '--arrivals',
        'arrivals.csv',
      ],
      ...['--durations', 'durations.csv', '--outages', 'outages.csv', '--compare', '--plot', 'plot.png'],
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}arrivals +3 +3/m);
    expect(stdout).toMatch(/^ {2}lost in an outage +33\.33 %/m);
    expect(stdout).toContain('hindsight');
    expect(readFileSync(path.join(folder, 'plot.png')).subarray(1, 4).toString()).toBe('PNG');
  }, 120_000);

  it('tells a history step by step', async () => {
    const { code, stdout } = await simulate('--replay', '7', '--steps', '20');
    expect(code).toBe(0);
    expect(stdout).toMatch(/us-east-a starts with 2 slots/);
    expect(stdout).toContain('every invariant held');
  }, 120_000);

  it.each([
    [
      ['--arrivals', 'bad.csv'],
      'bad.csv, line 3, column time_s: expected a number of at least 0, found "noon".',
    ],
    [['--scenario', 'none.json'], 'There is no file none.json; give the path of one that exists.'],
    [['--scenario', 'cities.csv'], 'cities.csv is not JSON'],
    [['--plot', 'plot.pdf'], '--plot is "plot.pdf"; give a file that ends in .svg or .png.'],
    [['--seeds', '0'], '--seeds is "0"; give a whole number from 1 to 1000.'],
    [
      ['--arrivals', 'a', '--concurrency', 'b'],
      '--arrivals and --concurrency both say who comes; give one of them.',
    ],
  ])(
    '%j ends with one sentence',
    async (args, sentence) => {
      const { code, output } = await simulate('--scenario', 'scenario.json', ...args);
      expect(code).toBe(1);
      expect(output).toContain(`meridian: ${sentence}`);
      expect(existsSync(path.join(folder, 'plot.pdf'))).toBe(false);
    },
    120_000,
  );
});

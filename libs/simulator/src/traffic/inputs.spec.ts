import { describe, expect, it } from '@jest/globals';
import { aScenario } from '../testing/a-scenario.ts';
import { readArrivals, readCities, readConcurrency, readDurations, readOutages, readRtt } from './inputs.ts';

const file = (text: string) => ({ file: 'my.csv', text });

describe('the files of a simulation', () => {
  it('reads cities in any order of columns, without a weight', () => {
    const text = 'city,country,continent,latitude,longitude\nToronto,Canada,north_america,43.6,-79.4\n';
    expect(readCities(file(text))).toEqual([
      { city: 'Toronto', weight: 1, latitude: 43.6, longitude: -79.4, continent: 'north_america' },
    ]);
  });

  it('reads a square matrix whose lines end with a comma, and quoted names', () => {
    const rtt = readRtt(file(',"New York",London,\n"New York",0,70.5,\nLondon,71,0,\n'));
    expect(rtt.between('New York', 'London')).toBe(70.5);
    expect(rtt.between('London', 'New York')).toBe(71);
    expect([...rtt.names]).toEqual(['New York', 'London']);
  });

  it('reads arrivals in order of time, with durations where they are given', () => {
    expect(readArrivals(file('time_s,city,duration_s\n60,London,600\n5,Paris,\n'))).toEqual([
      { atS: 5, city: 'Paris', durationS: undefined },
      { atS: 60, city: 'London', durationS: 600 },
    ]);
  });

  it.each([
    [
      'an empty file',
      () => readDurations(file('')),
      'my.csv is empty; its first line names the columns: minutes.',
    ],
    [
      'no row',
      () => readDurations(file('minutes\n')),
      'my.csv has no row below its header; give at least one.',
    ],
    [
      'no such column',
      () => readCities(file('town,latitude,longitude\nX,1,1\n')),
      'my.csv, line 1: no column "city"; expected city,latitude,longitude, found town,latitude,longitude.',
    ],
    [
      'a word for a number',
      () => readCities(file('city,latitude,longitude\nOslo,59.9,10.7\nRome,north,12.5\n')),
      'my.csv, line 3, column latitude: expected a number from -90 to 90, found "north".',
    ],
    [
      'a number that cannot be',
      () => readCities(file('city,latitude,longitude\nOslo,159.9,10.7\n')),
      'my.csv, line 2, column latitude: expected a number from -90 to 90, found "159.9".',
    ],
    [
      'a city twice',
      () => readCities(file('city,latitude,longitude\nOslo,59.9,10.7\nOslo,59.9,10.7\n')),
      'my.csv, line 3, column city: expected each city once, found "Oslo".',
    ],
    [
      'a row that is too short',
      () => readArrivals(file('time_s,city\n1,Oslo\n\n2\n')),
      'my.csv, line 4, column city: expected a name, found nothing.',
    ],
    [
      'a hole in the matrix',
      () => readRtt(file(',A,B\nA,0,12\nB,,0\n')),
      'my.csv, line 3, column A: expected an RTT in ms, found nothing.',
    ],
    [
      'a line that no column knows',
      () => readRtt(file(',A,B\nA,0,12\nC,12,0\n')),
      'my.csv, line 3, column 1: expected a name of the header row, found "C".',
    ],
    [
      'a matrix that is not square',
      () => readRtt(file(',A,B\nA,0,12\n')),
      'my.csv: "B" is in the header row, but no line begins with it; add one.',
    ],
    [
      'a curve that goes back in time',
      () => readConcurrency(file('time_s,count\n0,10\n60,20\n30,15\n')),
      'my.csv, line 4, column time_s: expected a time after 60, the one before it, found "30".',
    ],
    [
      'an outage of nothing',
      () => readOutages(file('region_or_worker,start_s,end_s\nmars,0,60\n'), aScenario()),
      'my.csv, line 2, column region_or_worker: expected a region (us-east, eu-west) or a worker, such as us-east-h100-1, found "mars".',
    ],
    [
      'an outage that ends before it begins',
      () => readOutages(file('region_or_worker,start_s,end_s\nus-east-h100-1,60,60\n'), aScenario()),
      'my.csv, line 2, column end_s: expected a time after start_s (60), found "60".',
    ],
    ['a quote that is never closed', () => readDurations(file('minutes\n"3\n')), 'my.csv is not CSV'],
  ])('names file, line and column: %s', (_what, parse, sentence) => {
    expect(parse).toThrow(sentence);
  });
});

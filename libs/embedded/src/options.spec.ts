import { describe, expect, it } from '@jest/globals';
import { readUpOptions } from './options.ts';

describe('the options of up', () => {
  it('have defaults', () => {
    expect(readUpOptions([])).toMatchObject({
      ...{ portBase: 4_400, gatewaysPerRegion: 2, workersPerRegion: 2, models: ['gallery'] },
    });
  });

  it('are taken', () => {
    const options = readUpOptions([
      '--port-base',
      '5000',
      '--data',
      '/elsewhere',
      '--gateways=3',
      '--workers=1',
      '--model=dream',
    ]);
    expect(options).toEqual({
      ...{ portBase: 5_000, folder: '/elsewhere', gatewaysPerRegion: 3, workersPerRegion: 1 },
      models: ['dream'],
    });
  });

  it.each([
    [['--port-base', 'x'], '--port-base is "x"; give a whole number from 1024 to 65400.'],
    [['--port-base', '80'], 'from 1024'],
    [['--workers', '0'], '--workers is "0"; give a whole number from 1 to 12.'],
    [['--gateways', '5'], '--gateways is "5"; give a whole number from 1 to 4.'],
    [['--model', 'gallery', '--model', 'attic'], '--model is "attic"; give one of dream, gallery.'],
    [['--prot', '1'], "Unknown option '--prot'"],
    [['extra'], 'Unexpected argument'],
  ])('%j are refused in one sentence', (args, sentence) => {
    expect(() => readUpOptions(args)).toThrow(sentence);
  });
});

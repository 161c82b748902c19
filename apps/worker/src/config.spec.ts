import { describe, expect, it } from '@jest/globals';
import { readConfig } from './config.ts';

const GOOD = {
  REGION: 'us-east',
  WORKER_ID: 'us-east-1',
  CONTROL_PLANE_GRPC: '127.0.0.1:4401',
  FLEET_SECRET: 's'.repeat(32),
  MODEL_DIR: 'models/gallery',
};

describe('the environment', () => {
  it('needs five variables; the rest has defaults', () =>
    expect(readConfig(GOOD)).toMatchObject({ HOST: '127.0.0.1', GRPC_PORT: 0, GPU_TYPE: 'h100' }));

  it('leaves slots to be measured unless it says how many', () => {
    expect(readConfig(GOOD).SLOTS).toBeUndefined();
    expect(readConfig({ ...GOOD, SLOTS: '' }).SLOTS).toBeUndefined();
    expect(readConfig({ ...GOOD, SLOTS: '12' }).SLOTS).toBe(12);
  });

  it.each(['0', '1025', '2.5', 'many'])('refuses SLOTS=%s', (SLOTS) =>
    expect(() => readConfig({ ...GOOD, SLOTS })).toThrow('SLOTS'),
  );

  it('spans one GPU unless it says how many', () => {
    expect(readConfig(GOOD).GPUS).toBe(1);
    expect(readConfig({ ...GOOD, GPUS: '8' }).GPUS).toBe(8);
    expect(() => readConfig({ ...GOOD, GPUS: '0.5' })).toThrow('GPUS');
  });

  it('is bought on demand unless it says otherwise', () => {
    expect(readConfig(GOOD).GPU_PURCHASE).toBe('on_demand');
    expect(readConfig({ ...GOOD, GPU_PURCHASE: 'spot' }).GPU_PURCHASE).toBe('spot');
    expect(() => readConfig({ ...GOOD, GPU_PURCHASE: 'leased' })).toThrow('GPU_PURCHASE');
  });

  it('gives hand-overs 20 s at its end unless it says otherwise, and an hour at most', () => {
    expect(readConfig(GOOD).DRAIN_MS).toBe(20_000);
    expect(readConfig({ ...GOOD, DRAIN_MS: '500' }).DRAIN_MS).toBe(500);
    expect(() => readConfig({ ...GOOD, DRAIN_MS: '3600001' })).toThrow('DRAIN_MS');
    expect(() => readConfig({ ...GOOD, DRAIN_MS: '0' })).toThrow('DRAIN_MS');
  });

  it.each(Object.keys(GOOD))('is refused without %s, by name', (name) =>
    expect(() => readConfig({ ...GOOD, [name]: '' })).toThrow(name),
  );

  it('needs an address to advertise when it listens everywhere', () => {
    expect(() => readConfig({ ...GOOD, HOST: '0.0.0.0' })).toThrow('ADVERTISE_ADDRESS');
    expect(readConfig({ ...GOOD, HOST: '0.0.0.0', ADVERTISE_ADDRESS: 'pod-1:4500' }).ADVERTISE_ADDRESS).toBe(
      'pod-1:4500',
    );
  });
});

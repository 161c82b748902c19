import { describe, expect, it } from '@jest/globals';
import type { WorkerStream } from '@meridian/worker-client';
import { GatewayMetrics } from '../metrics.ts';
import { Uplink } from './uplink.ts';

const metrics = new GatewayMetrics('us-east');

const worker = () => {
  const told: string[] = [];
  const write = (message: Uint8Array) => {
    told.push(Buffer.from(message).toString());
    return Promise.resolve();
  };
  return { told, stream: { write } as unknown as WorkerStream };
};

const act = (uplink: Uplink, device: number, what: string, atUs = 1) =>
  uplink.send('action', device, Buffer.from(what), atUs);

describe('a worker that takes over', () => {
  it('is told the newest action of each device and the format, in the order in which they came', () => {
    const uplink = new Uplink(metrics);
    void act(uplink, 0, 'owner 1');
    void act(uplink, 2, 'phone 1');
    void uplink.send('format', 0, Buffer.from('format'), 1);
    void act(uplink, 1, 'pad 1');
    void act(uplink, 2, 'phone 2');
    const { told, stream } = worker();
    uplink.attach(stream);
    expect(told).toEqual(['owner 1', 'format', 'pad 1', 'phone 2']);
  });

  it('is told of so many devices, and always of the owner', () => {
    const uplink = new Uplink(metrics);
    void act(uplink, 0, 'owner');
    for (let device = 1; device <= 1_000; device += 1) void act(uplink, device, String(device));
    const { told, stream } = worker();
    uplink.attach(stream);
    expect(told.length).toBe(10);
    expect(told[0]).toBe('owner');
    expect(told.at(-1)).toBe('1000');
  });

  it('is not left by the end of one before it', () => {
    const uplink = new Uplink(metrics);
    const [before, after] = [worker(), worker()];
    uplink.attach(before.stream);
    uplink.attach(after.stream);
    uplink.detach(before.stream);
    void act(uplink, 0, 'owner');
    expect([before.told, after.told]).toEqual([[], ['owner']]);
  });
});

describe('an owner that comes back on another stream', () => {
  it('brings no action of its own from the old one, but those of its devices', () => {
    const [old, now] = [new Uplink(metrics), new Uplink(metrics)];
    void act(old, 0, 'owner, before');
    void act(old, 1, 'phone');
    void act(now, 0, 'owner, now');
    const first = worker();
    now.attach(first.stream);
    now.adopt(old);
    expect(first.told).toEqual(['owner, now', 'phone']);
    const second = worker();
    now.attach(second.stream);
    expect(second.told).toEqual(['phone', 'owner, now']);
  });
});

it('knows the times that it stamped from those of others', () => {
  const uplink = new Uplink(metrics);
  expect(uplink.isOurs(0)).toBe(false);
  void act(uplink, 0, 'a', 100);
  void act(uplink, 1, 'b', 200);
  expect([99, 100, 150, 200, 201].map(uplink.isOurs)).toEqual([false, true, true, true, false]);
});

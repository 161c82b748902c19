import type { Checkpoint } from '@meridian/protocol';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { expect, expectSame } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';
import type { SessionStream } from '../suite/session-stream.ts';
import { expectRecovery } from './bad-input.ts';

const PAIRED_MAX = 8;
const STAMP_US = 1_700_000_000_123_456;
const FRAMES = 8;

export const deviceCases: readonly Case[] = [
  {
    id: 'devices.newest-wins',
    proves:
      'Of several devices the action that arrived last is in force; each device’s own numbers say which are new.',
    sentence: CONTRACT.devices,
    run: async (lab) => {
      const stream = await lab.playing();
      await lab.act(stream, 100);
      await lab.act(stream, 3, lab.inputs[1], { device: 2, gatewayReceivedUs: STAMP_US });
      expectSame('action_gateway_us', STAMP_US, stream.frames.at(-1)?.actionGatewayUs);
      stream.act(3, {}, {}, { device: 2 });
      stream.act(2, {}, {}, { device: 2 });
      stream.act(100);
      await expectInForce(lab, stream, 3, 2);
      await lab.act(stream, 101);
      expectSame('action_gateway_us of an action without a stamp', 0, stream.frames.at(-1)?.actionGatewayUs);
    },
  },
  {
    id: 'devices.restored',
    proves: 'A checkpoint knows what each device has done: nothing is applied again after a move.',
    sentence: CONTRACT.deviceSeqs,
    run: async (lab) => {
      const stream = await lab.playing();
      await lab.act(stream, 7);
      await lab.act(stream, 9, lab.inputs[1], { device: 3 });
      await lab.act(stream, 4, lab.inputs[0], { device: 5 });
      const checkpoint = await lab.checkpoint(stream);
      await lab.end(stream);
      expectSame('action_device', 5, checkpoint.actionDevice);
      expectSame('last_action_seq', 4, checkpoint.lastActionSeq);
      expectSame('device_seqs', '0: 7, 3: 9', seqsText(checkpoint));
      const restored = await lab.playing({ checkpoint });
      for (const [device, seq] of [
        [3, 9],
        [0, 7],
        [5, 4],
      ] as const)
        restored.act(seq, {}, {}, { device });
      await expectInForce(lab, restored, 4, 5);
      await lab.act(restored, 10, lab.inputs[1], { device: 3 });
    },
  },
  {
    id: 'devices.bounded',
    proves: 'Of ever new devices the newest eight are remembered, and the owner: a checkpoint stays small.',
    sentence: CONTRACT.devicesMax,
    run: async (lab) => {
      const stream = await lab.playing();
      await lab.act(stream, 1);
      for (let device = 1; device <= 2 * PAIRED_MAX; device += 1) stream.act(1, {}, {}, { device });
      // The oldest one left acts again, so that the one after it is silent longest.
      stream.act(2, {}, {}, { device: PAIRED_MAX + 1 });
      await lab.act(stream, 1, lab.inputs[1], { device: 99 });
      const { deviceSeqs } = await lab.checkpoint(stream);
      const devices = deviceSeqs.map(({ device }) => device).sort((a, b) => a - b);
      expectSame('devices of device_seqs', '0, 9, 11, 12, 13, 14, 15, 16', devices.join(', '));
    },
  },
  {
    id: 'devices.removal',
    proves: 'Removing a device is between client and gateway: a worker that gets it is told of a mistake.',
    sentence: CONTRACT.removal,
    run: async (lab) => {
      const send = (stream: SessionStream) => stream.send({ $case: 'removeDevice', value: { device: 1 } });
      await expectRecovery(lab, 'remove_device', 'INVALID_ARGUMENT malformed_message', send);
    },
  },
];

async function expectInForce(lab: Lab, stream: SessionStream, seq: number, device: number): Promise<void> {
  const from = stream.frames.length;
  await lab.more(stream, FRAMES);
  const seen = stream.frames
    .slice(from)
    .map(({ lastActionSeq, lastActionDevice }) => `${lastActionSeq} of ${lastActionDevice}`);
  const wanted = `${seq} of ${device}`;
  expect(
    seen.every((text) => text === wanted),
    `action ${wanted} to stay in force`,
    seen.join(', '),
  );
}

const seqsText = ({ deviceSeqs }: Checkpoint): string =>
  deviceSeqs
    .map(({ device, seq }) => `${device}: ${seq}`)
    .sort()
    .join(', ');

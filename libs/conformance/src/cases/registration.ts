import { Codec } from '@meridian/protocol';
import type { DescribeResponse, RegisterRequest } from '@meridian/protocol/worker';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expect, expectSame } from '../suite/expect.ts';
import type { Lab } from '../suite/lab.ts';

const SLOTS_MAX = 1_024;
/** Empty: on demand. */
const PURCHASES = ['', 'on_demand', 'reserved', 'spot'];

export const registrationCases: readonly Case[] = [
  {
    id: 'registration.ready',
    proves: 'A worker registers only once it can serve: whoever is placed there is not let down.',
    sentence: CONTRACT.ready,
    run: async ({ ports }) =>
      expect(ports.answeredAtOnce, 'Describe to be answered at the moment of the registration', 'no answer'),
  },
  {
    id: 'registration.describe',
    proves: 'Describe has sane fields and says what was registered: placement and prices are made of them.',
    sentence: CONTRACT.describe,
    run: async (lab) => {
      const described = answered('Describe', await lab.calls.describe());
      const registered = registrationOf(lab);
      expectSameFields(described, registered.describe ?? ({} as DescribeResponse));
      expectSane(described);
      expectSame('registered worker_id', described.workerId, registered.workerId);
      expect(registered.incarnation !== '', 'an incarnation', 'none');
      expect(registered.region !== '' && registered.gpuType !== '', 'region and gpu_type', 'none');
      expect(
        PURCHASES.includes(registered.purchase),
        'a purchase that has a price',
        registered.purchase,
        CONTRACT.purchase,
      );
      expect(/^.+:\d+$/.test(registered.address), 'an address host:port', registered.address);
    },
  },
  {
    id: 'registration.again',
    proves:
      'A control plane that has forgotten the worker gets the same registration anew, and sessions go on.',
    sentence: CONTRACT.again,
    run: async (lab) => {
      const { fleet } = lab;
      const before = registrationOf(lab);
      const stream = await lab.playing();
      const known = fleet.registrations.length;
      fleet.forgets = true;
      const again = await fleet.registered(known + 1, 15_000);
      expectSame('incarnation', before.incarnation, again.incarnation);
      expectSame('worker_id', before.workerId, again.workerId);
      const isOlder = before.ageMs === 0 || again.ageMs > before.ageMs;
      expect(isOlder, `an age_ms above ${before.ageMs}`, again.ageMs, CONTRACT.age);
      await lab.report(stream.sessionId, () => true, 'a heartbeat with the session after registering again');
      await lab.more(stream, 3);
    },
  },
];

export function registrationOf({ fleet, ports }: Lab): RegisterRequest {
  return fleet.registrations.findLast(({ workerId }) => workerId === ports.workerId) as RegisterRequest;
}

function expectSameFields(described: DescribeResponse, registered: DescribeResponse): void {
  for (const field of Object.keys(described) as (keyof DescribeResponse)[]) {
    const [a, b] = [described, registered].map((each) => JSON.stringify(each[field]));
    expectSame(`registered ${field}`, a, b);
  }
}

function expectSane(described: DescribeResponse): void {
  const { slots, stateBytes, framesPerSecond, deadlineMs, codecs, actions, sessionBytesMax } = described;
  expect(described.model !== '' && described.modelVersion !== '', 'a model and a version', 'none');
  expect(described.frameWidth > 0 && described.frameHeight > 0, 'a frame size', 'none');
  expect(framesPerSecond >= 1 && framesPerSecond <= 240, 'frames_per_second 1 to 240', framesPerSecond);
  expect(slots >= 1 && slots <= SLOTS_MAX, `slots 1 to ${SLOTS_MAX}`, slots);
  expect(stateBytes > 0, 'state_bytes', stateBytes);
  expect(deadlineMs > 0, 'deadline_ms', deadlineMs, CONTRACT.deadline);
  expect(codecs.includes(Codec.JPEG), 'JPEG among codecs', `[${codecs.join()}]`, CONTRACT.formatDefault);
  expect(new Set(codecs).size === codecs.length, 'each codec once', `[${codecs.join()}]`);
  expect(
    actions.every((name) => name !== ''),
    'names of inputs',
    `[${actions.join()}]`,
  );
  expect(sessionBytesMax >= stateBytes, `session_bytes_max of at least ${stateBytes}`, sessionBytesMax);
}

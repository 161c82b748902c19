import { jwksOf, tokenMint, type TokenMint } from '../fleet/token-mint.ts';
import type { Case } from '../suite/case.ts';
import { CONTRACT } from '../suite/contract.ts';
import { answered, expectClosed, expectRefused, Violation } from '../suite/expect.ts';
import type { Lab, Playing } from '../suite/lab.ts';

/** A worker may wait a few seconds before it asks for keys again. */
const NEW_KEY_MS_MAX = 12_000;
const NEW_KEY_PAUSE_MS = 500;

export const accessCases: readonly Case[] = [
  // First: the forged tokens after it use up what a worker may ask for newer keys.
  {
    id: 'tokens.new-key',
    proves:
      'A token signed with a key made after the registration is let in soon: keys rotate without restarts.',
    sentence: CONTRACT.newKeys,
    run: async (lab) => {
      const newer = await tokenMint('newer');
      const before = lab.fleet.jwksJson;
      lab.fleet.jwksJson = jwksOf(lab.ports.mint.publicKey, newer.publicKey);
      try {
        await untilLetIn(lab, newer);
      } finally {
        lab.fleet.jwksJson = before;
      }
    },
  },
  {
    id: 'tokens.refused',
    proves:
      'Nobody gets in without a token that is signed, in time, and for this worker; and nothing is held by it.',
    sentence: CONTRACT.token,
    run: async (lab) => {
      for (const [what, wanted, open] of await refusals(lab)) {
        await expectClosed(what, wanted, await lab.play(open));
      }
      await lab.expectEmpty();
    },
  },
  {
    id: 'tokens.client-key',
    proves: 'A token that has been used lets in only the client that used it.',
    sentence: CONTRACT.clientKey,
    run: async (lab) => {
      const stream = await lab.playing();
      const thief = { sessionId: stream.sessionId, clientKey: 'another-key-0123456789' };
      await expectClosed(
        'a token used again by another client',
        'PERMISSION_DENIED token_reused',
        await lab.play(thief),
      );
      const short = { clientKey: 'short' };
      await expectClosed(
        'a client key of 5 characters',
        'INVALID_ARGUMENT malformed_metadata',
        await lab.play(short),
      );
      await lab.more(stream, 3);
    },
  },
  {
    id: 'calls.guarded',
    proves:
      'End, Drain, Checkpoint, Restore and Fork want the region’s secret; Describe and Health want none.',
    sentence: CONTRACT.guarded,
    run: async (lab) => {
      const stream = await lab.playing();
      const { calls } = lab;
      const [it, wrong] = [{ sessionId: stream.sessionId, epoch: 1 }, 'not-the-secret'];
      const checkpoint = await lab.checkpoint(stream);
      const wanted = 'UNAUTHENTICATED wrong_secret';
      expectRefused('End', wanted, await calls.end({ ...it, endReason: 'client_ended' }, wrong));
      expectRefused('Drain', wanted, await calls.drain(wrong));
      expectRefused('Checkpoint', wanted, await calls.checkpoint(it, wrong));
      expectRefused('Restore', wanted, await calls.restore({ ...it, checkpoint }, wrong));
      const fork = { ...it, forkSessionId: lab.newSession(), claimMs: 1_000 };
      expectRefused('Fork', wanted, await calls.fork(fork, wrong));
      answered('Describe without a secret', await calls.describe());
      answered('Health without a secret', await calls.health(), CONTRACT.health);
      await lab.more(stream, 3);
    },
  },
];

async function refusals(lab: Lab): Promise<readonly (readonly [string, string, Playing])[]> {
  const sessionId = lab.newSession();
  const { workerId } = lab.ports;
  const [forger, stranger] = [await tokenMint('test'), await tokenMint('stranger')];
  const signed = (claims: object) => ({ sessionId, workerId, ...claims });
  return [
    ['no token', 'UNAUTHENTICATED token_missing', { metadata: { authorization: 'None' } }],
    ['a token that is none', 'UNAUTHENTICATED token_malformed', { token: 'none' }],
    [
      'a token signed with another key',
      'UNAUTHENTICATED token_forged',
      { sessionId, token: await forger.token(signed({})) },
    ],
    [
      'a token of an unknown key',
      'UNAUTHENTICATED token_forged',
      { sessionId, token: await stranger.token(signed({})) },
    ],
    ['an unsigned token', 'UNAUTHENTICATED', { sessionId, token: unsigned(await lab.token({ sessionId })) }],
    ['an expired token', 'UNAUTHENTICATED token_expired', { expiresInS: -60 }],
    ['a late claim', 'UNAUTHENTICATED claim_expired', { claimInMs: -1_000 }],
    ['another worker’s token', 'PERMISSION_DENIED wrong_worker', { workerId: 'another-worker' }],
    ['a token of a paired device', 'PERMISSION_DENIED role_forbidden', { device: 1 }],
  ];
}

/** The same claims under `alg: none`. */
function unsigned(token: string): string {
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  return `${header}.${token.split('.')[1]}.`;
}

async function untilLetIn(lab: Lab, mint: TokenMint): Promise<void> {
  const untilMs = performance.now() + NEW_KEY_MS_MAX;
  for (;;) {
    const claims = { sessionId: lab.newSession(), workerId: lab.ports.workerId };
    const stream = await lab.play({ ...claims, token: await mint.token(claims) });
    const first = stream.until(({ notices }) => notices.length > 0, 5_000, 'the first notice');
    const why = await first.then(() => undefined, String);
    if (why === undefined) return;
    if (performance.now() > untilMs) {
      throw new Violation(`a token of a new key to be let in within ${NEW_KEY_MS_MAX} ms`, why);
    }
    await new Promise((resolve) => setTimeout(resolve, NEW_KEY_PAUSE_MS));
  }
}

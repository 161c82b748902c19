import type { Usage } from '@meridian/sdk';
import { round } from '../bench-result.ts';
import { readOptions } from '../options.ts';
import { playFor, seededDraw, type Played } from '../play.ts';
import { build } from '../prepare.ts';
import { progressTo } from '../progress.ts';
import { startThrowAway, type ThrowAway } from '../system/throw-away.ts';

const PLAY_MS = 10_000;
/** Frames that may be on their way when the session ends. */
const FRAMES_IN_FLIGHT_MAX = 5;
/** The worker's meter starts before the first frame arrives, and stops after the last. */
const TIME_TOLERANCE_MS = 1_000;

/** The whole way of one session: open, play, end, pay; and nothing left behind. */
export async function smoke(args: readonly string[]): Promise<number> {
  const { values } = readOptions({ args: [...args], options: { json: { type: 'boolean' } } });
  const progress = progressTo(process.stderr);
  await progress.step('the build is up to date', build);
  const system = await startThrowAway({ progress, build: false });
  const played = await progress
    .step('one session was played to its end', () => playOne(system))
    .catch(async (error: unknown) => {
      await system.remove();
      throw error;
    });
  const orphanProcesses = await progress.step('everything is stopped', () => system.remove());
  const report = reportOf(played, system.startupMs, orphanProcesses);
  process.stdout.write(`${JSON.stringify(report, undefined, values.json ? 0 : 2)}\n`);
  const wrong = whatIsWrong(played, orphanProcesses);
  for (const each of wrong) process.stderr.write(`meridian: ${each}\n`);
  return wrong.length === 0 ? 0 : 1;
}

async function playOne({ url, secrets }: ThrowAway): Promise<Played> {
  const { Meridian } = await import('@meridian/sdk');
  const meridian = new Meridian({ baseUrl: url, apiKey: secrets.playKey });
  const [model] = await meridian.listModels();
  if (!model) throw new Error('No worker serves a model.');
  return playFor(await meridian.open({ model: model.model }), PLAY_MS, seededDraw(1));
}

function reportOf(played: Played, startupMs: number, orphanProcesses: number) {
  const { usage } = played.end;
  return {
    region: played.region,
    framesReceived: played.framesReceived,
    fps: round(played.fps),
    actionToFrameMsP50: round(played.actionToFrameMsP50),
    actionToFrameMsP95: round(played.actionToFrameMsP95),
    firstFrameMs: round(played.firstFrameMs),
    startupMs: Math.round(startupMs),
    usage: usage && {
      activeMs: usage.activeMs,
      frames: usage.frames,
      costNano: usage.costNano,
      currency: usage.currency,
    },
    poundsPerUserHour: usage && round(usage.poundsPerUserHour),
    orphanProcesses,
  };
}

function whatIsWrong(played: Played, orphanProcesses: number): string[] {
  const { framesReceived, end } = played;
  return [
    ...(framesReceived > 0 ? [] : ['No frame was received.']),
    ...(end.usage ? usageErrors(end.usage, played) : ['The session has no usage.']),
    ...(orphanProcesses === 0 ? [] : [`${orphanProcesses} processes were left running.`]),
  ];
}

/** The worker's counters against what arrived here: it counts what it sent, of which some may be lost on the way. */
function usageErrors(usage: Usage, played: Played): string[] {
  const { framesReceived: received, framesDropped: dropped, playedMs } = played;
  const lost = usage.frames - received;
  const paidNano = (usage.poundsPerUserHour * 1e9 * usage.activeMs) / 3_600_000;
  return [
    ...(usage.final ? [] : ['The usage is not final although the session has ended.']),
    ...(lost >= 0 && lost <= dropped + FRAMES_IN_FLIGHT_MAX
      ? []
      : [`${usage.frames} frames were counted, but ${received} arrived and ${dropped} were dropped.`]),
    ...(Math.abs(usage.activeMs - playedMs) <= TIME_TOLERANCE_MS
      ? []
      : [`${usage.activeMs} ms were counted, but frames came for ${playedMs} ms.`]),
    ...(Math.abs(Number(usage.costNano) - paidNano) <= Math.max(2, paidNano * 1e-6)
      ? []
      : [`The cost is ${usage.costNano} nano, but time and rate make ${paidNano}.`]),
  ];
}

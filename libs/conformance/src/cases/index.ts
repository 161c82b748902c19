import type { Case } from '../suite/case.ts';
import { accessCases } from './access.ts';
import { actionCases } from './actions.ts';
import { badInputCases } from './bad-input.ts';
import { checkpointCases } from './checkpoints.ts';
import { creditCases } from './credit.ts';
import { counterCases } from './counters.ts';
import { deviceCases } from './devices.ts';
import { drainingCases } from './draining.ts';
import { epochCases } from './epochs.ts';
import { feedbackCases } from './feedback.ts';
import { forkCases } from './fork.ts';
import { formatCases } from './formats.ts';
import { frameCases } from './frames.ts';
import { handOverCases } from './hand-over.ts';
import { heartbeatCases } from './heartbeat.ts';
import { leavingCases } from './leaving.ts';
import { limitCases } from './limits.ts';
import { registrationCases } from './registration.ts';
import { restoreCases } from './restore.ts';
import { sessionCases } from './sessions.ts';
import { slowReaderCases } from './slow-reader.ts';

/** In the order in which they run: what everything else needs first, what ends the worker last. */
export const CASES: readonly Case[] = [
  ...registrationCases,
  ...frameCases,
  ...heartbeatCases,
  ...actionCases,
  ...deviceCases,
  ...sessionCases,
  ...limitCases,
  ...creditCases,
  ...epochCases,
  ...accessCases,
  ...checkpointCases,
  ...restoreCases,
  ...forkCases,
  ...handOverCases,
  ...counterCases,
  ...formatCases,
  ...badInputCases,
  ...slowReaderCases,
  ...feedbackCases,
  ...drainingCases,
  ...leavingCases,
];

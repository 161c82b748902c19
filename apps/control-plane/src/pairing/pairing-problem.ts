import { DEVICES_MAX } from '@meridian/domain';
import { Problem } from '../http/problem.ts';

/** Why no device can join a session, whoever asks. */
export const pairingProblem = (kind: 'session_ended' | 'too_many_devices'): Problem =>
  kind === 'session_ended'
    ? new Problem('session_ended', 'The session has ended; open another.')
    : new Problem(
        'too_many_devices',
        `A session has at most ${DEVICES_MAX} devices; remove one and try again.`,
        {
          more: { devicesMax: DEVICES_MAX },
        },
      );

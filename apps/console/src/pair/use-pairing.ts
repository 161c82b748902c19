import type { DeviceRole, MeridianSession, PairedDevice, PairedRole, Pairing } from '@meridian/sdk';
import { useCallback, useEffect, useRef, useState } from 'react';

export interface PairingState {
  readonly pairing: Pairing | undefined;
  readonly devices: readonly PairedDevice[];
  readonly error: unknown;
}

const NOTHING: PairingState = { pairing: undefined, devices: [], error: undefined };

/** A code for `role`, asked for anew by `renew`, and the session's devices, read anew when one comes or goes. */
export function usePairing(
  session: MeridianSession,
  role: PairedRole,
  connected: ReadonlyMap<number, DeviceRole>,
): PairingState & { renew: () => void; remove: (device: number) => void } {
  const [state, setState] = useState(NOTHING);
  const [round, setRound] = useState(0);
  const [changes, setChanges] = useState(0);
  const known = useRef<ReadonlySet<number>>(new Set());
  known.current = new Set([...known.current, ...state.devices.map(({ device }) => device)]);
  const renew = useCallback(() => setRound((before) => before + 1), []);

  useEffect(() => {
    let isCurrent = true;
    const learn = (part: Partial<PairingState>): void => {
      if (isCurrent) setState((before) => ({ ...before, ...part }));
    };
    learn({ pairing: undefined, error: undefined });
    session.pair({ role }).then(
      (pairing) => learn({ pairing }),
      (error: unknown) => learn({ error }),
    );
    // A code serves once: whoever came for the first time has used it.
    const stop = session.on('deviceJoined', ({ device }) => {
      if (!known.current.has(device)) setRound((before) => before + 1);
    });
    return () => {
      isCurrent = false;
      stop();
    };
  }, [session, role, round]);

  useEffect(() => {
    let isCurrent = true;
    session.devices().then(
      (devices) => {
        if (isCurrent) setState((before) => ({ ...before, devices }));
      },
      () => undefined,
    );
    return () => {
      isCurrent = false;
    };
  }, [session, connected, changes]);

  const remove = useCallback(
    (device: number) => {
      session
        .removeDevice(device)
        .catch((error: unknown) => setState((before) => ({ ...before, error })))
        .finally(() => setChanges((before) => before + 1));
    },
    [session],
  );
  return { ...state, renew, remove };
}

import type { DeviceRole, MeridianSession, PairedRole, Pairing } from '@meridian/sdk';
import { useEffect, useId, useRef, useState } from 'react';
import { useTimeLeftMs } from '../stage/use-time-left.ts';
import { errorWords } from '../words/error-words.ts';
import { durationText } from '../words/format.ts';
import { deviceRows, type DeviceRow } from './device-rows.ts';
import { isLoopback, joinAddress } from './join-address.ts';
import { QrCode } from './qr-code.tsx';
import { usePairing } from './use-pairing.ts';

interface PairPanelProps {
  readonly session: MeridianSession;
  readonly connected: ReadonlyMap<number, DeviceRole>;
  readonly onClose: () => void;
}

/** A code for another device, and the devices that have joined. */
export function PairPanel({ session, connected, onClose }: PairPanelProps) {
  const [role, setRole] = useState<PairedRole>('controller');
  const { pairing, devices, error, renew, remove } = usePairing(session, role, connected);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  return (
    <aside className="why pair" id="pair-panel" aria-label="Pair a device">
      <header>
        <h2 ref={title} tabIndex={-1}>
          Pair a device
        </h2>
        <button type="button" className="quiet" onClick={onClose}>
          Close
        </button>
      </header>
      <RolePicker role={role} onPick={setRole} />
      {error !== undefined && <Failure thrown={error} onRetry={renew} />}
      {pairing && <Code key={pairing.code} pairing={pairing} onRenew={renew} />}
      {pairing === undefined && error === undefined && <p className="fineprint">Asking for a code…</p>}
      <Devices rows={deviceRows(devices, connected)} onRemove={remove} />
    </aside>
  );
}

const ROLES: readonly (readonly [PairedRole, string, string])[] = [
  ['controller', 'Controller', 'walks with you'],
  ['spectator', 'Spectator', 'looks on'],
];

function RolePicker({ role, onPick }: { role: PairedRole; onPick: (role: PairedRole) => void }) {
  const name = useId();
  return (
    <fieldset className="roles">
      <legend className="fineprint">The other device is a</legend>
      {ROLES.map(([value, label, what]) => (
        <label key={value}>
          <input
            type="radio"
            name={name}
            value={value}
            checked={role === value}
            onChange={() => onPick(value)}
          />
          <span>
            {label} <small>{what}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Counted from its arrival, for the server's clock may be another one. */
const CODE_LIFE_MS = 300_000;

function Code({ pairing, onRenew }: { pairing: Pairing; onRenew: () => void }) {
  const [untilMs] = useState(() => Date.now() + CODE_LIFE_MS);
  const leftMs = useTimeLeftMs(untilMs) ?? 0;
  if (leftMs === 0) {
    return (
      <div className="code-row">
        <p>The code has run out.</p>
        <button type="button" className="primary" onClick={onRenew}>
          New code
        </button>
      </div>
    );
  }
  const address = joinAddress(location.origin, pairing.code);
  return (
    <>
      <div className="code-row">
        <QrCode text={address} label={`QR code of ${address}`} />
        <div>
          <p className="code" data-testid="pair-code">
            {pairing.code}
          </p>
          <p className="fineprint">
            Scan it, or open <strong>{location.host}/join</strong> on the other device and type the code. It
            serves once, for another {durationText(leftMs)}.
          </p>
        </div>
      </div>
      {isLoopback(location.hostname) && <LoopbackNote />}
    </>
  );
}

function LoopbackNote() {
  return (
    <p className="note" data-testid="loopback-note">
      This page is open as <strong>{location.hostname}</strong>, which every device takes for itself. The
      phone must be able to reach this machine and its gateways: use this page under an address of your
      network.
    </p>
  );
}

function Failure({ thrown, onRetry }: { thrown: unknown; onRetry: () => void }) {
  const { title, advice, reference } = errorWords(thrown, 'pairing');
  return (
    <div className="problem" role="alert">
      <strong>{title}</strong>
      <p>{advice}</p>
      <p className="fineprint">{reference}</p>
      <button type="button" className="quiet" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

function Devices({ rows, onRemove }: { rows: readonly DeviceRow[]; onRemove: (device: number) => void }) {
  return (
    <section aria-label="Paired devices" aria-live="polite">
      <h3>In this walk</h3>
      {rows.length === 0 && <p className="fineprint">Only you, so far.</p>}
      <ul className="devices" data-testid="devices">
        {rows.map(({ device, name, isConnected }) => (
          <li key={device} className={isConnected ? 'here' : ''}>
            <span className="dot" aria-hidden="true" />
            <span className="device-name">{name}</span>
            <span className="fineprint">{isConnected ? 'connected' : 'away'}</span>
            <button
              type="button"
              className="quiet"
              aria-label={`Remove ${name}`}
              onClick={() => onRemove(device)}
            >
              Remove
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

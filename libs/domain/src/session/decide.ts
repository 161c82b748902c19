// queued -> reserved -> connecting -> active <-> held -> migrating -> active, and `ended` from any of them.
// L2. What concerns another epoch than the session's is ignored. `ended` is final.
// A command that no longer applies causes no events: callers race, repeat themselves and come late.
import { unreachable } from '../brand.ts';
import { evolveAll } from './evolve.ts';
import type { Session, SessionCommand, SessionEvent, SessionStateName } from './session.ts';

type Observe = Extract<SessionCommand, { type: 'observe' }>;
type LoseWorker = Extract<SessionCommand, { type: 'lose-worker' }>;

/** The events that a command causes in this state; none when it does not apply. */
export function decide(command: SessionCommand, session: Session): readonly SessionEvent[] {
  if (session.state === 'ended') return [];
  switch (command.type) {
    case 'enqueue':
      return session.eventCount === 0 ? [{ ...command, type: 'queued' }] : [];
    case 'reserve':
      return mayReserve(session) && command.lease.epoch > session.epoch
        ? [{ ...command, type: 'reserved' }]
        : [];
    case 'observe':
      return command.epoch === session.epoch ? observed(command, session) : [];
    case 'lose-worker':
      return loses(command, session)
        ? [
            {
              type: 'migrating',
              atMs: command.atMs,
              lostWorkerId: command.workerId,
              lostEpoch: command.epoch,
              ...(command.reason === undefined ? {} : { reason: command.reason }),
            },
          ]
        : [];
    case 'migrate':
      return session.state === 'migrating' && command.lease.epoch > session.epoch
        ? [{ ...command, type: 'migrated' }]
        : [];
    case 'end':
      return command.epoch === undefined || command.epoch === session.epoch ? [ended(command)] : [];
    default:
      return unreachable(command);
  }
}

/** The session after these commands, one after the other, and the events they caused. */
export const decideAll = (
  commands: readonly SessionCommand[],
  session: Session,
): { readonly session: Session; readonly events: readonly SessionEvent[] } =>
  commands.reduce<{ session: Session; events: readonly SessionEvent[] }>(
    (soFar, command) => {
      const caused = decide(command, soFar.session);
      return { session: evolveAll(soFar.session, caused), events: [...soFar.events, ...caused] };
    },
    { session, events: [] },
  );

/** A reserved session whose worker was lost before anyone connected is reserved anew, at a higher epoch. */
const mayReserve = (session: Session): boolean => session.state === 'queued' || session.state === 'reserved';

/** The steps that were missed on the way to what the worker reports: heartbeats coalesce, so some always are. */
const STEPS: Readonly<
  Record<Observe['activity'], Readonly<Partial<Record<SessionStateName, readonly Observe['activity'][]>>>>
> = {
  connecting: { reserved: ['connecting'] },
  active: {
    reserved: ['connecting', 'active'],
    connecting: ['active'],
    held: ['active'],
    migrating: ['active'],
  },
  held: {
    reserved: ['connecting', 'active', 'held'],
    connecting: ['active', 'held'],
    active: ['held'],
    migrating: ['active', 'held'],
  },
};

const observed = (command: Observe, session: Session): readonly SessionEvent[] =>
  (STEPS[command.activity][session.state] ?? []).map((type) => ({
    type,
    atMs: command.atMs,
    epoch: command.epoch,
  }));

const loses = (command: LoseWorker, session: Session): boolean =>
  command.epoch === session.epoch &&
  command.workerId === session.lease?.workerId &&
  (session.state === 'connecting' || session.state === 'active' || session.state === 'held');

function ended(command: Extract<SessionCommand, { type: 'end' }>): SessionEvent {
  const { type: _type, epoch: _epoch, ...rest } = command;
  return { type: 'ended', ...rest };
}

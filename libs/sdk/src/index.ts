export { ACTION_INTERVAL_MS, type ActionInput } from './action-sender.ts';
export { systemClock, type Clock } from './clock.ts';
export { MeridianError, type FieldError } from './errors.ts';
export type { FrameFormat } from './frame-format.ts';
export type { Frame, FrameCodec, Hops } from './frame.ts';
export type { Fetch } from './http-api.ts';
export type { MeridianSession } from './meridian-session.ts';
export { Meridian, type CallOptions, type MeridianOptions, type OpenOptions } from './meridian.ts';
export type { Reconnecting } from './play-stream.ts';
export { toRttMs, type ProbeOptions, type RegionProbe } from './probe.ts';
export type { SessionEnd, SessionEvents, SessionNotice, StateChange } from './session-events.ts';
export type { StatsSnapshot } from './stream-stats.ts';
export {
  END_REASONS,
  type Connection,
  type EndReason,
  type Model,
  type Placement,
  type QueuePlace,
  type Region,
  type RegionVerdict,
  type Session,
  type SessionPage,
  type SessionState,
  type Usage,
} from './types.ts';
export type { Socket, SocketConstructor, SocketEvent } from './web-socket.ts';

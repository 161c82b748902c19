export type { ActionInput } from './action-input.ts';
export { ACTION_INTERVAL_MS } from './action-sender.ts';
export { systemClock, type Clock } from './clock.ts';
export { MeridianError, type FieldError } from './errors.ts';
export type { FrameFormat } from './frame-format.ts';
export type { Frame, FrameCodec } from './frame.ts';
export type { Hops } from './hops.ts';
export type { Fetch } from './http-api.ts';
export type { JoinedEnd, JoinedEvents, JoinedSession } from './joined-session.ts';
export type { MeridianSession } from './meridian-session.ts';
export { Meridian, type CallOptions, type MeridianOptions, type OpenOptions } from './meridian.ts';
export { readPairingCode, type PairOptions } from './pairing.ts';
export type { Reconnecting } from './play-stream.ts';
export { toRttMs, type ProbeOptions, type RegionProbe } from './probe.ts';
export type {
  DeviceChange,
  EndingSoon,
  SessionEnd,
  SessionEvents,
  SessionNotice,
  StateChange,
  StreamEvents,
} from './session-events.ts';
export type { FramesOptions } from './session-link.ts';
export type { JoinedState } from './session-state.ts';
export type { StatsSnapshot } from './stream-stats.ts';
export {
  END_REASONS,
  type Connection,
  type DeviceRole,
  type EndReason,
  type GatewayAddress,
  type Model,
  type PairedDevice,
  type PairedRole,
  type Pairing,
  type PairingClaim,
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

export { GrpcWorkerControl, type WorkerControlOptions } from './grpc-worker-control.ts';
export { Mailbox } from './mailbox.ts';
export { Envelope } from './wire/envelope.ts';
export { MessageMemory } from './wire/message-memory.ts';
export { MessageSplitter } from './wire/message-splitter.ts';
export { peekRequest, type PeekedRequest, type RequestKind } from './wire/peek-request.ts';
export {
  checkpointIn,
  frameTimesIn,
  peek,
  type FrameTimes,
  type Peeked,
  type PeekedFrame,
} from './wire/peek.ts';
export { stampRequest, type RequestStamp } from './wire/stamp-request.ts';
export { OK, StatusError, fromTrailers, statusOf, toTrailers, type Status } from './wire/status.ts';
export { WorkerConnections, type WorkerConnectionOptions } from './worker-connections.ts';
export { WorkerStream, type ServeCall, type StreamEnd } from './worker-stream.ts';

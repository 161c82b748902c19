export {
  Action,
  Checkpoint,
  Codec,
  Frame,
  Notice,
  NoticeKind,
  PlayRequest,
  PlayResponse,
  SessionStreamServiceDefinition,
} from './generated/meridian/public/v1/session_stream.ts';

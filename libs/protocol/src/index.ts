export {
  Action,
  Checkpoint,
  Codec,
  Frame,
  FrameFormat,
  Notice,
  NoticeKind,
  PlayRequest,
  PlayResponse,
  SessionStreamServiceDefinition,
} from './generated/meridian/public/v1/session_stream.ts';

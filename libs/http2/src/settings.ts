// RFC 9113, 6.5: what each side tells the other about itself.
import { ConnectionError, ErrorCode } from './errors.ts';
import { FRAME_BYTES_DEFAULT, FRAME_BYTES_MAX, WINDOW_BYTES_DEFAULT, WINDOW_BYTES_MAX } from './frames.ts';

const SettingId = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;
const SETTING_BYTES = 6;

/** What a peer allows us. */
export interface PeerSettings {
  readonly initialWindowBytes: number;
  readonly frameBytesMax: number;
  readonly concurrentStreamsMax: number;
}

export const PEER_DEFAULTS: PeerSettings = {
  initialWindowBytes: WINDOW_BYTES_DEFAULT,
  frameBytesMax: FRAME_BYTES_DEFAULT,
  concurrentStreamsMax: Number.POSITIVE_INFINITY,
};

/** The payload of a SETTINGS frame on top of what was said before. Throws `ConnectionError`. */
export function readSettings(payload: Buffer, before: PeerSettings): PeerSettings {
  if (payload.length % SETTING_BYTES !== 0) {
    throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, 'settings of a wrong length');
  }
  let settings = before;
  for (let at = 0; at < payload.length; at += SETTING_BYTES) {
    settings = { ...settings, ...readSetting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2)) };
  }
  return settings;
}

/** HEADER_TABLE_SIZE and MAX_HEADER_LIST_SIZE say nothing to us: what we send uses no table and is small. */
function readSetting(id: number, value: number): Partial<PeerSettings> {
  switch (id) {
    case SettingId.ENABLE_PUSH:
      if (value > 1) throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'ENABLE_PUSH is 0 or 1');
      return {};
    case SettingId.MAX_CONCURRENT_STREAMS:
      return { concurrentStreamsMax: value };
    case SettingId.INITIAL_WINDOW_SIZE:
      if (value > WINDOW_BYTES_MAX) {
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, 'a window above 2^31 - 1');
      }
      return { initialWindowBytes: value };
    case SettingId.MAX_FRAME_SIZE:
      if (value < FRAME_BYTES_DEFAULT || value > FRAME_BYTES_MAX) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, 'MAX_FRAME_SIZE is 2^14 to 2^24 - 1');
      }
      return { frameBytesMax: value };
    default:
      return {};
  }
}

/** What we tell the peer; what is left out stays at the default. */
export interface OwnSettings {
  readonly initialWindowBytes: number;
  readonly headerListBytesMax: number;
  /** Of a server: streams that the peer may have open. */
  readonly concurrentStreamsMax?: number;
}

export function settingsPayload({
  initialWindowBytes,
  headerListBytesMax,
  concurrentStreamsMax,
}: OwnSettings): Buffer {
  const entries: [number, number][] = [
    [SettingId.INITIAL_WINDOW_SIZE, initialWindowBytes],
    [SettingId.MAX_HEADER_LIST_SIZE, headerListBytesMax],
    ...(concurrentStreamsMax === undefined
      ? ([[SettingId.ENABLE_PUSH, 0]] as [number, number][])
      : ([[SettingId.MAX_CONCURRENT_STREAMS, concurrentStreamsMax]] as [number, number][])),
  ];
  const payload = Buffer.alloc(entries.length * SETTING_BYTES);
  entries.forEach(([id, value], at) => {
    payload.writeUInt16BE(id, at * SETTING_BYTES);
    payload.writeUInt32BE(value, at * SETTING_BYTES + 2);
  });
  return payload;
}

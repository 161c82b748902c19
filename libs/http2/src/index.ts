export { connectHttp2, type Http2ClientOptions } from './client.ts';
export { Http2Connection } from './connection.ts';
export { ErrorCode, StreamError } from './errors.ts';
export type { Headers } from './header-rules.ts';
export type { HeaderField } from './hpack/header-field.ts';
export type { Flushed } from './output.ts';
export { checkAlive } from './keep-alive.ts';
export { Http2Server, type Http2ServerOptions } from './server.ts';
export { Http2Stream, type StreamConsumer } from './stream.ts';

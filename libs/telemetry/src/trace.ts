// W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): `00-TRACE_ID-PARENT_ID-FLAGS`.
import { drawBytes } from './random.ts';

export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lower-case hex digits, not all zero: the span that a receiver is called from. */
  readonly parentId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const ALL_ZERO = /^0+$/;

/** Undefined when the header is absent or not a valid traceparent: the receiver then starts a trace of its own. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = TRACEPARENT.exec(header ?? '');
  if (!match) return undefined;
  const [, version = '', traceId = '', parentId = '', flags = '', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId)) return undefined;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export const formatTraceparent = (trace: TraceContext): string =>
  `00-${trace.traceId}-${trace.parentId}-${trace.sampled ? '01' : '00'}`;

export const newTrace = (): TraceContext => ({
  traceId: drawBytes(16).toString('hex'),
  parentId: drawBytes(8).toString('hex'),
  sampled: true,
});

/** The same trace with a new parent id: what a process sends on to the next one. */
export const childOf = (trace: TraceContext): TraceContext => ({
  ...trace,
  parentId: drawBytes(8).toString('hex'),
});

/** Goes on with the caller's trace, or starts one. */
export function continueTrace(header: string | undefined): TraceContext {
  const caller = parseTraceparent(header);
  return caller ? childOf(caller) : newTrace();
}

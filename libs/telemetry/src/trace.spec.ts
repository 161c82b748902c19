import { describe, expect, it } from '@jest/globals';
import { childOf, continueTrace, formatTraceparent, newTrace, parseTraceparent } from './trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const HEADER = `00-${TRACE}-00f067aa0ba902b7-01`;

describe('traceparent', () => {
  it('reads and writes the same header', () => {
    expect(parseTraceparent(HEADER)).toEqual({ traceId: TRACE, parentId: '00f067aa0ba902b7', sampled: true });
    expect(formatTraceparent(parseTraceparent(HEADER) ?? newTrace())).toBe(HEADER);
  });

  it.each([
    undefined,
    '',
    'garbage',
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `${HEADER}-more`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    HEADER.toUpperCase(),
  ])('refuses %j', (header) => {
    expect(parseTraceparent(header)).toBeUndefined();
  });

  it('reads a future version by its first four fields', () => {
    expect(parseTraceparent(`cc-${TRACE}-00f067aa0ba902b7-01-what-comes-later`)?.traceId).toBe(TRACE);
  });

  it('keeps the trace id over hops and changes the parent id', () => {
    const trace = continueTrace(HEADER);
    expect(trace.traceId).toBe(TRACE);
    expect(trace.parentId).not.toBe('00f067aa0ba902b7');
    expect(childOf(trace).parentId).not.toBe(trace.parentId);
    expect(parseTraceparent(formatTraceparent(continueTrace(undefined)))).toBeDefined();
  });
});

import { describe, expect, it } from '@jest/globals';
import { StoreUnavailable } from '@meridian/application';
import { VirtualClock } from '@meridian/testkit';
import { pino } from 'pino';
import { logIncidents, systemDraw, toBase32 } from './system.ts';

describe('toBase32', () => {
  // RFC 4648, section 10, in lower case and without padding.
  it.each([
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ])('encodes %j as %j', (text, encoded) => {
    expect(toBase32(Buffer.from(text))).toBe(encoded);
  });

  it('draws keys of 52 characters from 32 bytes', () => {
    expect(systemDraw.token(32)).toMatch(/^[a-z2-7]{52}$/);
    expect(systemDraw.token(32)).not.toBe(systemDraw.token(32));
  });
});

describe('logIncidents', () => {
  it('says the same fault once in 10 s, and how often it was left out', () => {
    const lines: Record<string, unknown>[] = [];
    const clock = new VirtualClock();
    const incidents = logIncidents(
      pino({}, { write: (line: string) => lines.push(JSON.parse(line)) }),
      clock,
    );
    const note = (region: string) => incidents.note('cannot read', new StoreUnavailable('redis'), { region });
    for (let time = 0; time < 5; time += 1) note('us-east');
    note('eu-west');
    clock.advance(10_000);
    note('us-east');
    expect(lines.map(({ msg, region, leftOut }) => [msg, region, leftOut])).toEqual([
      ['cannot read', 'us-east', undefined],
      ['cannot read', 'eu-west', undefined],
      ['cannot read', 'us-east', 4],
    ]);
  });
});

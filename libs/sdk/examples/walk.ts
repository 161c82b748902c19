import { Meridian } from '../src/index.ts';

const meridian = new Meridian({
  baseUrl: process.env['MERIDIAN_URL'] ?? 'http://127.0.0.1:4400',
  apiKey: process.env['MERIDIAN_API_KEY'] ?? '',
});
const session = await meridian.open({ model: 'gallery' });
session.on('queue', ({ position, etaMs }) => console.log(`place ${position}, about ${etaMs} ms to go`));
session.on('ended', ({ reason }) => console.log(`ended: ${reason}`));

session.send({ axes: { forward: 1 } });
for await (const frame of session.frames()) {
  if (frame.number >= 50) break;
}
const { frames, actionToFrameMs } = session.stats;
console.log(`${session.region}: ${frames} frames, action to frame ${actionToFrameMs.p50?.toFixed(0)} ms`);

const { usage } = await session.end();
console.log(`cost: £${Number(usage?.costNano ?? 0) / 1e9}`);

// `node stub-main.js`: the stub worker as a process, configured as every worker is; STUB_BREAK breaks it.
import { BREAKS } from './breaks.ts';
import { startStub } from './stub-worker.ts';

const { env } = process;
const stub = await startStub({
  fleetAddress: env['CONTROL_PLANE_GRPC'] ?? '',
  secret: env['FLEET_SECRET'] ?? '',
  workerId: env['WORKER_ID'] ?? 'stub-1',
  port: Number(env['GRPC_PORT'] ?? 0),
  slots: Number(env['SLOTS'] ?? 2),
  drainMs: Number(env['DRAIN_MS'] ?? 20_000),
  broken: BREAKS.find((each) => each === env['STUB_BREAK']),
});
process.on('SIGTERM', () => void stub.close().then(() => process.exit(0)));

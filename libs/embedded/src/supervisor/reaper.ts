// Run when a supervisor is gone without having stopped its processes: ends what is left on its data folder.
// The next `up` ends this one first, so it never meets the processes of a newer run.

import { endOurs, findOurs } from './our-processes.ts';

const data = { path: process.argv[2] ?? '' };
await endOurs(() => findOurs(data).filter((each) => each.pid !== process.pid));

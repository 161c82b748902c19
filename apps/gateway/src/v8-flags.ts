// How V8 runs a gateway, whose code is little and runs for as long as the process. Set before anything else is loaded.
import { setFlagsFromString } from 'node:v8';

// The memory for new objects would grow to 3 x 32 MB while many streams open at once, and hardly ever be given back: 30 to
// 50 kB a stream that nothing is in. Relaying makes little garbage, so what it has grown to when all modules are loaded
// (2 x 8 MB) is enough.
setFlagsFromString('--semi-space-growth-factor=1');

// Without the compiler in the middle the best one gets the code of a relay in seconds, and not in minutes: what was hot
// stayed where that one had left it, at 6 to 12 % more CPU a frame.
setFlagsFromString('--no-maglev');

// V8 lets the memory for new objects grow to 3 x 32 MB while many streams open at once, and hardly ever gives it back:
// 30 to 50 kB a stream that nothing is in. Relaying makes little garbage, so what it has grown to when all modules are
// loaded (2 x 8 MB) is enough.
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--semi-space-growth-factor=1');

// How V8 collects garbage, for a program that makes little of it and must not pause. Half of these can be set only when
// a process begins, so it begins again with them, as the same process, however it was started.
//   young generation   V8 lets it grow to 3 x 32 MB while many streams open, and shrink to 2 x 1 MB when none is there,
//                      for good reason in neither case: the one is 30 to 50 kB a stream, the other a collection every
//                      150 ms of relaying, which is a tenth of what a frame costs
//   one thread         helpers take as long to wake as there is to do (a collection is 0.3 ms), on cores that others use
const FLAGS = ['--min-semi-space-size=16', '--max-semi-space-size=16', '--single-threaded-gc'];

const missing = FLAGS.filter((flag) => !process.execArgv.includes(flag));
if (missing.length > 0 && process.execve) {
  const args = [...missing, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, [process.execPath, ...args]);
}

-- Keeps how steadily a worker's frames come, as libs/domain judged it; it decides whether the worker is offered.
-- KEYS  1 root
-- ARGV  1 worker  2 incarnation  3 cadence JSON
-- -> 1 kept | 0 no such worker, or another incarnation of it
local worker = load_worker(ARGV[1])
if not worker or worker.incarnation ~= ARGV[2] then return 0 end
worker.cadence = cjson.decode(ARGV[3])
touch(worker)
save_workers()
return 1

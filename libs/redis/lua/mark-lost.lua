-- Stops offering a worker at once; the next take-lost tells it. A heartbeat of the same incarnation brings it back.
-- KEYS  1 root
-- ARGV  1 worker
-- -> 1 marked | 0 no such worker, or told already
local worker = load_worker(ARGV[1])
if not worker or worker.told then return 0 end
worker.lost = true
redis.call('ZADD', root .. ':watch', 0, worker.workerId)
touch(worker)
save_workers()
return 1

-- Adds a worker, or puts a new incarnation in the place of the one before it. An operator's drain stays.
-- KEYS  1 root
-- ARGV  1 registration JSON
-- -> {old worker JSON, lease JSON...} when an older incarnation is lost by this and was not told yet | nil
local worker = cjson.decode(ARGV[1])
local old = load_worker(worker.workerId)
local same = old and old.incarnation == worker.incarnation

worker.capacity = worker.slots
worker.slots = same and old.slots or {}
worker.beaten = same and old.beaten or false
worker.drain = old and old.drain or false
worker.cadence = same and old.cadence or nil
worker.draining = false
worker.seq = -1
worker.registeredAtMs = same and old.registeredAtMs or now_ms
worker.startedAtMs = same and old.startedAtMs or now_ms - worker.ageMs
worker.ageMs = nil
worker.beatAtMs = now_ms

local lost = false
if old and not same and not old.told then
  lost = leases_of(old)
  table.insert(lost, 1, cjson.encode(old))
end
if old then
  redis.call('ZREM', root .. ':room:' .. old.pool, old.workerId)
  redis.call('ZREM', root .. ':late:' .. old.pool, old.workerId)
end
redis.call('ZREM', root .. ':gone', worker.workerId)
redis.call('ZADD', root .. ':watch', now_ms, worker.workerId)
touch(worker)
save_workers()
return lost

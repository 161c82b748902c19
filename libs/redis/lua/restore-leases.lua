-- Gives sessions back what they were promised on a worker before this store lost everything.
-- KEYS  1 root
-- ARGV  1 worker  2 promised, JSON: a list of sessionId, epoch, width  3 lease ttl ms
-- -> number given back; 0 once the worker has beaten, for then its slots may be others'
while sweep() do end
local worker = load_worker(ARGV[1])
local given = 0
local promises = worker and not worker.beaten and cjson.decode(ARGV[2]) or {}
for _, promised in ipairs(promises) do
  if not live_lease(promised.sessionId) and promised.width <= free_slots(worker) then
    drop_lease(promised.sessionId)
    take_slots(worker, promised.sessionId, promised.epoch, promised.width, tonumber(ARGV[3]), false)
    given = given + 1
  end
end
save_workers()
return given

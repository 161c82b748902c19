-- Marks silent workers as lost and tells each once. Their leases are kept until they lapse or the session moves.
-- KEYS  1 root
-- ARGV  1 silent for longer than this, ms  2 most workers to tell  3 a worker told this long ago is forgotten, ms
-- -> {{worker JSON, lease JSON...}...}
local gone = root .. ':gone'
local silent_since = '(' .. (now_ms - tonumber(ARGV[1]))
local told = {}
for _, worker_id in ipairs(
  redis.call('ZRANGEBYSCORE', root .. ':watch', '-inf', silent_since, 'LIMIT', 0, ARGV[2])
) do
  redis.call('ZREM', root .. ':watch', worker_id)
  local worker = load_worker(worker_id)
  if worker then
    worker.lost, worker.told = true, true
    touch(worker)
    redis.call('ZADD', gone, now_ms, worker_id)
    local entry = leases_of(worker)
    table.insert(entry, 1, cjson.encode(worker))
    told[#told + 1] = entry
  end
end
save_workers()

for _, worker_id in ipairs(redis.call('ZRANGEBYSCORE', gone, '-inf', now_ms - tonumber(ARGV[3]), 'LIMIT', 0, 100)) do
  redis.call('ZREM', gone, worker_id)
  redis.call('HDEL', root .. ':workers', worker_id)
end
return told

-- Put before every script of this folder. L1. Expiry frees a slot, not deletion: whoever comes next sweeps.
--
-- KEYS[1] is the region's root, such as meridian:{us-east}. All keys of a region carry its hash tag, so they live in
-- one slot of a Redis Cluster and a script may name them itself:
--   ROOT:workers        hash  worker id  -> worker record, JSON; its `slots` maps slot number -> session id, which is
--                                         there once for each slot that its lease is wide
--   ROOT:room:POOL      zset  worker ids that may be offered, by free slots (always above 0)
--   ROOT:late:POOL      zset  worker ids that would be offered if they kept pace, by free slots (always above 0)
--   ROOT:watch          zset  worker ids not yet told as lost, by last heartbeat, ms
--   ROOT:gone           zset  worker ids told as lost, by that time, ms; forgotten later
--   ROOT:leases         hash  session id -> lease, JSON without its expiry
--   ROOT:expiry         zset  session ids, by the time their lease lapses, ms
--   ROOT:meter:SESSION  hash  epoch:start -> newest counters of the process that began to count then, JSON; without its
--                                         start if the worker does not say it
--   ROOT:changed        zset  "SESSION FIELD" of counters not yet stored durably, by first change, ms; the field of
--                                         its ROOT:meter
local root = KEYS[1]
local clock = redis.call('TIME')
local now_ms = clock[1] * 1000 + math.floor(clock[2] / 1000)
local SWEEP_BATCH = 200

local workers, touched = {}, {}

-- Of counters as they are kept. Taken from the text: to decode all of it for this would be most of a script's time.
local function seq_of(counters) return tonumber(string.match(counters, '"seq":(%d+)')) end

-- One table per worker and script run, so that a sweep and the move after it change the same record.
local function load_worker(worker_id)
  if workers[worker_id] == nil then
    local json = redis.call('HGET', root .. ':workers', worker_id)
    workers[worker_id] = json and cjson.decode(json) or false
  end
  return workers[worker_id] or nil
end

local function touch(worker)
  workers[worker.workerId] = worker
  touched[worker.workerId] = worker
end

local function used_slots(worker)
  local used = 0
  for _ in pairs(worker.slots) do used = used + 1 end
  return used
end

local function free_slots(worker) return worker.capacity - used_slots(worker) end

-- `takesSessions` of libs/domain: a worker on trial is offered to one session at a time.
local function keeps_pace(worker)
  local state = worker.cadence and worker.cadence.state or 'steady'
  return state == 'steady' or (state == 'trial' and used_slots(worker) == 0)
end

-- Before its first heartbeat nobody knows which slots of a worker are in use.
local function stays(worker)
  return worker.beaten and not (worker.lost or worker.draining or worker.drain)
end

-- Writes the touched workers and their place among those with room. Every script that changes one ends with it.
local function save_workers()
  for worker_id, worker in pairs(touched) do
    redis.call('HSET', root .. ':workers', worker_id, cjson.encode(worker))
    local free, list = free_slots(worker), nil
    if stays(worker) and free > 0 then list = keeps_pace(worker) and 'room' or 'late' end
    for _, each in ipairs({ 'room', 'late' }) do
      local key = root .. ':' .. each .. ':' .. worker.pool
      if each == list then redis.call('ZADD', key, free, worker_id) else redis.call('ZREM', key, worker_id) end
    end
  end
  touched = {}
end

local function lapses_at(session_id)
  return tonumber(redis.call('ZSCORE', root .. ':expiry', session_id) or 0)
end

local function live_lease(session_id)
  if lapses_at(session_id) <= now_ms then return nil end
  local json = redis.call('HGET', root .. ':leases', session_id)
  return json and cjson.decode(json) or nil
end

-- The lowest free slots, also beyond the capacity when a worker runs more than it says it can; answers with the first.
local function mark_slots(worker, session_id, width)
  local slot, first, left = 0, nil, width
  while left > 0 do
    if not worker.slots[tostring(slot)] then
      worker.slots[tostring(slot)] = session_id
      first, left = first or slot, left - 1
    end
    slot = slot + 1
  end
  return first
end

local function take_slots(worker, session_id, epoch, width, ttl_ms, running)
  local lease = {
    sessionId = session_id, pool = worker.pool, workerId = worker.workerId, workerAddress = worker.address,
    slot = mark_slots(worker, session_id, width), width = width, slots = worker.capacity, gpus = worker.gpus or 1,
    purchase = worker.purchase, epoch = epoch, running = running,
  }
  touch(worker)
  redis.call('HSET', root .. ':leases', session_id, cjson.encode(lease))
  redis.call('ZADD', root .. ':expiry', now_ms + ttl_ms, session_id)
  return lease
end

-- A worker that was replaced by a newer process no longer has the session in its slots; then only the lease goes.
local function drop_lease(session_id)
  local json = redis.call('HGET', root .. ':leases', session_id)
  redis.call('ZREM', root .. ':expiry', session_id)
  if not json then return end
  redis.call('HDEL', root .. ':leases', session_id)
  local lease = cjson.decode(json)
  local worker = load_worker(lease.workerId)
  if not worker then return end
  for slot, holder in pairs(worker.slots) do
    if holder == session_id then worker.slots[slot] = nil end
  end
  touch(worker)
end

-- Frees what has lapsed, oldest first; true when there may be more.
local function sweep()
  local lapsed = redis.call('ZRANGEBYSCORE', root .. ':expiry', '-inf', now_ms, 'LIMIT', 0, SWEEP_BATCH)
  for _, session_id in ipairs(lapsed) do drop_lease(session_id) end
  return #lapsed == SWEEP_BATCH
end

local function lease_reply(lease)
  lease.running, lease.expiresAtMs = nil, lapses_at(lease.sessionId)
  return cjson.encode(lease)
end

-- The live leases on a worker, as replies.
local function leases_of(worker)
  local found, seen = {}, {}
  for _, session_id in pairs(worker.slots) do
    local lease = not seen[session_id] and live_lease(session_id)
    if lease and lease.workerId == worker.workerId then found[#found + 1] = lease_reply(lease) end
    seen[session_id] = true
  end
  return found
end

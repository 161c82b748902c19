-- Notes that a worker lives and what it runs: renews the leases of the sessions it reports, makes those anew that the
-- store has lost (L4), frees those it no longer runs, and keeps the newest counters (M1).
-- KEYS  1 root
-- ARGV  1 heartbeat JSON  2 lease ttl ms  3 how long counters are kept, ms
-- -> {drain 1|0, cadence JSON | '', session, epoch, bound 1|0 ...}: reported sessions with a lease at a higher epoch
--    (L2), and whether the worker that has it serves it
--    nil: worker or incarnation unknown
local beat, ttl_ms, meter_ttl_ms = cjson.decode(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
sweep()
local worker = load_worker(beat.workerId)
if not worker or worker.incarnation ~= beat.incarnation then
  save_workers()
  return false
end

-- How many share the worker's GPUs now; 0: it does not say.
local density = beat.slots > 0 and math.max(beat.slots, used_slots(worker)) or 0

-- What all sessions of a worker ask for is asked for at once: a call costs more than what it does. Each is a list of
-- arguments, two for each session.
local changed, renewed = {}, {}
local PART = 1000

local function in_parts(list, use)
  for from = 1, #list, PART do use(unpack(list, from, math.min(from + PART - 1, #list))) end
end

local COUNTERS = '{"seq":%.0f,"activeMs":%.0f,"frames":%.0f,"lateFrames":%.0f,"slots":%d,"atMs":%.0f}'
local HOUR_MS = 3600000

-- How long they are kept is told anew when their first of an hour comes.
local function keep_counters(report)
  local key, count = root .. ':meter:' .. report.sessionId, tostring(report.epoch)
  if report.startedUs > 0 then count = string.format('%s:%.0f', count, report.startedUs) end
  local known = redis.call('HGET', key, count)
  if known and seq_of(known) >= report.seq then return end
  redis.call('HSET', key, count, string.format(COUNTERS,
    report.seq, report.activeMs, report.frames, report.lateFrames, density, now_ms))
  local known_ms = known and tonumber(string.match(known, '"atMs":(%d+)')) or 0
  if math.floor(known_ms / HOUR_MS) < math.floor(now_ms / HOUR_MS) then redis.call('PEXPIRE', key, meter_ttl_ms) end
  changed[#changed + 1] = now_ms
  changed[#changed + 1] = report.sessionId .. ' ' .. count
end

local function renew(lease)
  renewed[#renewed + 1] = now_ms + ttl_ms
  renewed[#renewed + 1] = lease.sessionId
end

-- The live leases of the sessions that it reports.
local leases, ids = {}, {}
for i, report in ipairs(beat.sessions) do ids[i] = report.sessionId end
in_parts(ids, function(...)
  local lapse, kept = redis.call('ZMSCORE', root .. ':expiry', ...), redis.call('HMGET', root .. ':leases', ...)
  for i, session_id in ipairs({ ... }) do
    local is_live = kept[i] and tonumber(lapse[i] or 0) > now_ms
    leases[session_id] = is_live and cjson.decode(kept[i]) or nil
  end
end)

-- The session that was promised these slots has come: from now on they are its own as long as the worker reports it.
local function bind(lease)
  lease.running = true
  redis.call('HSET', root .. ':leases', lease.sessionId, cjson.encode(lease))
end

-- The store has lost the lease, or has one of an older epoch.
local function make_anew(report)
  drop_lease(report.sessionId)
  leases[report.sessionId] = take_slots(worker, report.sessionId, report.epoch, report.width or 1, ttl_ms, true)
end

-- The worker is the truth of what runs. A lease that another worker has bound at this epoch is its own; one that this
-- worker's process before has bound is gone with it.
local function hold(report, lease)
  local same_epoch = lease and lease.epoch == report.epoch
  local here = same_epoch and lease.workerId == worker.workerId
  if here and worker.slots[tostring(lease.slot)] == report.sessionId then
    renew(lease)
    if not lease.running then bind(lease) end
  elseif here or not (same_epoch and lease.running) then
    make_anew(report)
  end
end

local reported = {}

-- Frees what it ran and does not run any more. What was promised to a client who has not come yet, which may be all of
-- the worker, stays: one call tells, whatever there is.
local function free_unreported()
  local held, seen = {}, {}
  for _, session_id in pairs(worker.slots) do
    if not (reported[session_id] or seen[session_id]) then held[#held + 1] = session_id end
    seen[session_id] = true
  end
  if #held == 0 then return end
  for i, lease in ipairs(redis.call('HMGET', root .. ':leases', unpack(held))) do
    if lease and string.find(lease, '"running":true', 1, true) then drop_lease(held[i]) end
  end
end

local fresh = beat.seq > worker.seq
local reply = { worker.drain and 1 or 0, worker.cadence and cjson.encode(worker.cadence) or '' }
for _, report in ipairs(beat.sessions) do
  reported[report.sessionId] = true
  local ended = report.activity == 'ended'
  local lease = not ended and leases[report.sessionId] or nil
  local fenced = lease and lease.epoch > report.epoch
  if fenced then
    reply[#reply + 1] = report.sessionId
    reply[#reply + 1] = report.epoch
    reply[#reply + 1] = lease.running and 1 or 0
  end
  keep_counters(report)
  if fresh and not fenced and not ended then hold(report, lease) end
end

in_parts(changed, function(...) redis.call('ZADD', root .. ':changed', 'NX', ...) end)
in_parts(renewed, function(...) redis.call('ZADD', root .. ':expiry', ...) end)
if fresh then
  free_unreported()
  worker.seq, worker.capacity, worker.draining = beat.seq, beat.slots, beat.draining
  worker.pace = beat.pace
  worker.beatAtMs, worker.beaten, worker.lost, worker.told = now_ms, true, false, false
  redis.call('ZADD', root .. ':watch', now_ms, worker.workerId)
  redis.call('ZREM', root .. ':gone', worker.workerId)
  touch(worker)
end
save_workers()
return reply

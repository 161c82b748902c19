-- Takes a slot on the fullest worker of a pool that has room (fewest free slots, then the lowest worker id).
-- KEYS  1 root
-- ARGV  1 pool  2 session  3 epoch  4 ttl ms  5 a worker silent for longer is not offered, ms  6.. workers to avoid
-- -> lease JSON; the one it has when asked again for the same session and epoch (L3)
--    nil: no slot free, or the session's lease is of a higher epoch (L2)
-- Cost: O(log workers) and the workers to avoid, whatever the size of the pool.
local pool, session_id = ARGV[1], ARGV[2]
local epoch, ttl_ms, stale_ms = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local room = root .. ':room:' .. pool

local avoid = {}
for i = 6, #ARGV do avoid[ARGV[i]] = true end

-- A silent worker leaves the room here; its next heartbeat brings it back.
local function fullest_with_room()
  local skipped = 0
  while true do
    local worker_id = redis.call('ZRANGE', room, skipped, skipped)[1]
    if not worker_id then return nil end
    local worker = load_worker(worker_id)
    if not worker or worker.beatAtMs + stale_ms < now_ms then
      redis.call('ZREM', room, worker_id)
    elseif avoid[worker_id] then
      skipped = skipped + 1
    else
      return worker
    end
  end
end

local held = live_lease(session_id)
if held and held.epoch > epoch then return false end
if held and held.epoch == epoch then return lease_reply(held) end

local worker, more
repeat
  more = sweep()
  save_workers()
  worker = fullest_with_room()
until worker or not more
if not worker then return false end

drop_lease(session_id)
local lease = take_slot(worker, session_id, epoch, ttl_ms, false)
save_workers()
return lease_reply(lease)

-- Put between common.lua and the scripts that place sessions.

-- `slotsNeeded` of libs/domain. nil: the worker is too small.
local function slots_needed(gpus, worker)
  if not gpus then return 1 end
  local needed = math.max(1, math.ceil(gpus * worker.capacity / (worker.gpus or 1) - 1e-6))
  return needed <= worker.capacity and needed or nil
end

-- The fullest worker of one of the pool's lists (room, late) with room for all the slots wanted (fewest free slots, then the lowest worker id), and
-- how many they are. A silent worker leaves the room here; its next heartbeat brings it back.
-- Cost: O(log workers) and the workers to avoid, whatever the size of the pool; for a session of several slots also the
-- workers with too little room, which packing keeps few.
local function fullest_with_room(list, wanted, avoid, stale_ms)
  local room, passed = root .. ':' .. list .. ':' .. wanted.pool, 0
  while true do
    local worker_id = redis.call('ZRANGE', room, passed, passed)[1]
    if not worker_id then return nil end
    local worker = load_worker(worker_id)
    if not worker or worker.beatAtMs + stale_ms < now_ms then
      redis.call('ZREM', room, worker_id)
    else
      local width = not avoid[worker_id] and slots_needed(wanted.gpus, worker)
      if width and width <= free_slots(worker) then return worker, width end
      passed = passed + 1
    end
  end
end

-- Takes slots for a session, whose older lease goes in the same move. nil: no room; then the older lease stays.
local function place(wanted, stale_ms)
  local avoid = {}
  for _, worker_id in ipairs(wanted.exclude or {}) do avoid[worker_id] = true end
  local worker, width, more
  repeat
    more = sweep()
    save_workers()
    worker, width = fullest_with_room('room', wanted, avoid, stale_ms)
  until worker or not more
  if not worker and wanted.alsoLate then worker, width = fullest_with_room('late', wanted, avoid, stale_ms) end
  if not worker then return nil end
  drop_lease(wanted.sessionId)
  local lease = take_slots(worker, wanted.sessionId, wanted.epoch, width, wanted.ttlMs, false)
  save_workers()
  return lease
end

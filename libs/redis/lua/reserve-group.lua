-- Takes slots for every session of a group, or for none.
-- KEYS  1 root
-- ARGV  1 members, JSON: a list of what reserve-slot.lua calls wanted
--       2 a worker silent for longer is not offered, ms
-- -> {lease JSON...} in the members' order; those they have when asked again (L3)
--    nil: not all of them fit, or one holds a lease at another epoch
local members, stale_ms = cjson.decode(ARGV[1]), tonumber(ARGV[2])

local held = {}
for i, wanted in ipairs(members) do
  held[i] = live_lease(wanted.sessionId) or false
  if held[i] and held[i].epoch ~= wanted.epoch then return false end
end

local replies = {}
for i, wanted in ipairs(members) do
  local lease = held[i] or place(wanted, stale_ms)
  if not lease then
    for j = 1, i - 1 do
      if not held[j] then drop_lease(members[j].sessionId) end
    end
    save_workers()
    return false
  end
  replies[i] = lease_reply(lease)
end
return replies

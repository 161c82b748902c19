-- Moves a session from the worker it names to another, at a higher epoch: new slots taken and old ones freed in one move,
-- so that it never has two leases, nor none while there is room.
-- KEYS  1 root
-- ARGV  1 from, JSON: sessionId, epoch, workerId
--       2 wanted, JSON, as in reserve-slot.lua; its epoch is above the one it comes from
--       3 a worker silent for longer is not offered, ms
-- -> lease JSON; the one it has when asked again (L3)
--    nil: no worker has room, and it keeps what it has; or its lease is neither the one named nor an older one (L2)
local from, wanted, stale_ms = cjson.decode(ARGV[1]), cjson.decode(ARGV[2]), tonumber(ARGV[3])
local held = live_lease(from.sessionId)
if held and held.epoch == wanted.epoch then return lease_reply(held) end
if held and held.epoch > from.epoch then return false end
if held and held.epoch == from.epoch and held.workerId ~= from.workerId then return false end
wanted.exclude = wanted.exclude or {}
table.insert(wanted.exclude, from.workerId)
local lease = place(wanted, stale_ms)
return lease and lease_reply(lease)

-- Takes the slots a session needs on the fullest worker of a pool that has room for all of them.
-- KEYS  1 root
-- ARGV  1 wanted, JSON: pool, sessionId, epoch, ttlMs, gpus or none, exclude: workers to avoid, or none
--       2 a worker silent for longer is not offered, ms
-- -> lease JSON; the one it has when asked again for the same session and epoch (L3)
--    nil: no worker has room, or the session's lease is of a higher epoch (L2)
local wanted, stale_ms = cjson.decode(ARGV[1]), tonumber(ARGV[2])
local held = live_lease(wanted.sessionId)
if held and held.epoch > wanted.epoch then return false end
if held and held.epoch == wanted.epoch then return lease_reply(held) end
local lease = place(wanted, stale_ms)
return lease and lease_reply(lease)

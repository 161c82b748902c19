-- Frees the slot of a session, if its lease is at this epoch.
-- KEYS  1 root
-- ARGV  1 session  2 epoch
-- -> 1 freed | 0 no such lease
local lease = live_lease(ARGV[1])
if not lease or lease.epoch ~= tonumber(ARGV[2]) then return 0 end
drop_lease(ARGV[1])
save_workers()
return 1

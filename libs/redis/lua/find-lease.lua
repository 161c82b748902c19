-- KEYS  1 root
-- ARGV  1 session
-- -> lease JSON | nil: none, or lapsed
local lease = live_lease(ARGV[1])
return lease and lease_reply(lease)

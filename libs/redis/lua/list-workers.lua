-- Every worker of the region after what lapsed was freed: one native HVALS, however many there are.
-- KEYS  1 root
-- ARGV  none
-- -> {now ms, worker JSON...}
while sweep() do end
save_workers()
local found = redis.call('HVALS', root .. ':workers')
table.insert(found, 1, now_ms)
return found

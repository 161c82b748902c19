-- Every worker of the region after what lapsed was freed: one native HVALS, however many there are. Instead of who holds
-- which slot (most of a record, and read by nobody who lists) a record says how many are held.
-- KEYS  1 root
-- ARGV  none
-- -> {now ms, worker JSON with usedSlots for slots...}
while sweep() do end
save_workers()
local found = { now_ms }
for _, record in ipairs(redis.call('HVALS', root .. ':workers')) do
  -- By patterns: to decode and encode every record would hold up the store for milliseconds.
  local first, last = string.find(record, '"slots":%b{}')
  local _, used = string.gsub(string.sub(record, first, last), '":"', '')
  found[#found + 1] = string.sub(record, 1, first - 1) .. '"usedSlots":' .. used .. string.sub(record, last + 1)
end
return found

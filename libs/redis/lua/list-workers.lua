-- Every worker of the region after what lapsed was freed: one native HVALS, however many there are. Instead of who holds
-- which slot (most of a record, and read by nobody who lists) a record says how many are held, and while the worker
-- drains also by how many sessions.
-- KEYS  1 root
-- ARGV  none
-- -> {now ms, worker JSON with usedSlots, and maybe sessions, for slots...}
while sweep() do end
save_workers()
local found = { now_ms }
for _, record in ipairs(redis.call('HVALS', root .. ':workers')) do
  -- By patterns: to decode and encode every record would hold up the store for milliseconds.
  local first, last = string.find(record, '"slots":%b{}')
  local _, used = string.gsub(string.sub(record, first, last), '":"', '')
  local held = '"usedSlots":' .. used
  if string.find(record, '"drain":true', 1, true) or string.find(record, '"draining":true', 1, true) then
    local sessions, seen = 0, {}
    for session_id in string.gmatch(string.sub(record, first, last), '":"([^"]+)"') do
      if not seen[session_id] then sessions = sessions + 1 end
      seen[session_id] = true
    end
    held = held .. ',"sessions":' .. sessions
  end
  found[#found + 1] = string.sub(record, 1, first - 1) .. held .. string.sub(record, last + 1)
end
return found

-- KEYS  1 root
-- ARGV  sessions
-- -> {lease JSON...} of those that have a live one
local found = {}
for _, session_id in ipairs(ARGV) do
  local lease = live_lease(session_id)
  if lease then found[#found + 1] = lease_reply(lease) end
end
return found

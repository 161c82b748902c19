-- Counters that rose since they were last settled, longest waiting first. Taken again until they are settled.
-- KEYS  1 root
-- ARGV  1 at most
-- -> {session, field, counters JSON, session, field, counters JSON ...}
local changed, found = root .. ':changed', {}
for _, member in ipairs(redis.call('ZRANGE', changed, 0, tonumber(ARGV[1]) - 1)) do
  local session_id, field = string.match(member, '^(.*) (%S+)$')
  local counters = redis.call('HGET', root .. ':meter:' .. session_id, field)
  if counters then
    found[#found + 1] = session_id
    found[#found + 1] = field
    found[#found + 1] = counters
  else
    redis.call('ZREM', changed, member)
  end
end
return found

-- These counters are stored durably. Those that rose meanwhile stay changed.
-- KEYS  1 root
-- ARGV  session, field, seq, session, field, seq ...
-- -> number settled
local settled = 0
for i = 1, #ARGV, 3 do
  local counters = redis.call('HGET', root .. ':meter:' .. ARGV[i], ARGV[i + 1])
  if not counters or seq_of(counters) <= tonumber(ARGV[i + 2]) then
    settled = settled + redis.call('ZREM', root .. ':changed', ARGV[i] .. ' ' .. ARGV[i + 1])
  end
end
return settled

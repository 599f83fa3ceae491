-- Raises counts that only grow; what comes late or again changes nothing.
-- KEYS: hash of the counts. ARGV: field and count, in pairs.
for i = 1, #ARGV, 2 do
  local known = tonumber(redis.call('HGET', KEYS[1], ARGV[i]) or '-1')
  if tonumber(ARGV[i + 1]) > known then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
return 1

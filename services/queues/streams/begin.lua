-- Begins a generation of a topic where the one that the caller knows is current.
-- KEYS: the topic, the new generation, its streams. ARGV: the current generation or nothing, the new one, the group.
-- Answers the generation that is current then.
local current = redis.call('HGET', KEYS[1], 'current') or ''
if current ~= ARGV[1] then
  return current
end
redis.call('HSET', KEYS[1], 'current', ARGV[2], ARGV[2], #KEYS - 2)
redis.call('HSET', KEYS[2], 'before', ARGV[1])
for i = 3, #KEYS do
  redis.call('HSET', KEYS[2], 'end:' .. (i - 3), 0)
  redis.call('XGROUP', 'CREATE', KEYS[i], ARGV[3], '0', 'MKSTREAM')
end
return ARGV[2]

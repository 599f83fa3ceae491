-- Removes a generation that is not current and of which everything is counted. KEYS: the topic, the generation, its
-- streams. ARGV: generation.
if redis.call('HGET', KEYS[1], 'current') == ARGV[1] then
  return 0
end
redis.call('HDEL', KEYS[1], ARGV[1])
for i = 2, #KEYS do
  redis.call('DEL', KEYS[i])
end
return 1

-- A member says that it lives, and for how long its partitions are its own.
-- KEYS: the members, then the leases that it has or wants. ARGV: member, milliseconds.
-- Answers the members that live, then for each lease 1 where it is the member's now, else 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%d', now + ARGV[2]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now))
local answer = {redis.call('ZRANGE', KEYS[1], 0, -1)}
for i = 2, #KEYS do
  local holder = redis.call('GET', KEYS[i])
  if holder and holder ~= ARGV[1] then
    answer[i] = 0
  else
    redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
    answer[i] = 1
  end
end
return answer

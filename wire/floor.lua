-- Raises the floor of one partition and counts what is removed by it, in one step.
-- KEYS: floors, books, fences, lives. A life that begins above 0 has its first floor before its base.
-- ARGV: field of the fence, the floor that the caller knows, the floor that is wanted, documents
-- between the two, the total of the books that counts them.
-- Answers 1, or 0 where the floor is another by now, or the fence is below the wanted floor:
-- what no fence covers has not been counted.
local base = tonumber(string.match(redis.call('HGET', KEYS[4], ARGV[1]) or '0', '^%d+'))
local floor = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or base - 1)
local fence = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or '-1')
if floor ~= tonumber(ARGV[2]) or fence < tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[2], ARGV[5], ARGV[4])
redis.call('HINCRBY', KEYS[2], 'version', 1)
return 1

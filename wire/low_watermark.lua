-- Raises the low watermark of one partition and counts what is removed by it, in one step.
-- KEYS: low watermarks, books, committed offsets, lives, queues. A life that begins above 0 has its first low watermark before its base.
-- ARGV: field of the committed offset, the low watermark that the caller knows, the low watermark that is wanted, documents
-- between the two, the total of the books that counts them.
-- Answers 1, or 0 where the low watermark is another by now, or the committed offset is below the wanted low watermark:
-- what no committed offset covers has not been counted.
local base = tonumber(string.match(redis.call('HGET', KEYS[4], ARGV[1]) or '0', '^%d+'))
local low_watermark = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or base - 1)
local committed = tonumber(redis.call('HGET', KEYS[3], ARGV[1]) or '-1')
if low_watermark ~= tonumber(ARGV[2]) or committed < tonumber(ARGV[3]) then
  return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[2], ARGV[5], ARGV[4])
local queue = redis.call('HGET', KEYS[5], ARGV[1])
if queue then
  redis.call('HINCRBY', KEYS[2], ARGV[5] .. '@' .. queue, ARGV[4])
end
redis.call('HINCRBY', KEYS[2], 'version', 1)
return 1

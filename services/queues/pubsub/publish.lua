-- Publishes a message and notes its numbers, in one step. KEYS: the numbers of the topic, the channel.
-- ARGV: producer, offset of the first record, records, the records.
-- Answers 1 where it is published, also by an earlier attempt, and 0 where Redis has forgotten what was before.
local sent = tonumber(redis.call('HGET', KEYS[1], 'sent:' .. ARGV[1]) or 0)
local upto = ARGV[2] + ARGV[3]
if sent ~= tonumber(ARGV[2]) then
  return sent == upto and 1 or 0
end
upto = string.format('%d', upto)
redis.call('HSET', KEYS[1], 'sent:' .. ARGV[1], upto)
local message = table.concat({ARGV[1], ARGV[2], ARGV[3], ARGV[4]}, ' ')
if redis.call('PUBLISH', KEYS[2], message) > 0 then
  redis.call('HSET', KEYS[1], 'heard:' .. ARGV[1], upto)
end
return 1

-- Adds what was published together to one partition, in one step.
-- KEYS: the topic, its generation, the stream, what this place of the publisher has sent last.
-- ARGV: generation, partition, number of the group, records, the records, bytes that may wait.
-- Answers {0} where it is there, also of an earlier attempt; {1} where another generation is current
-- or the stream takes no entry any more; {2, bytes} where so many wait.
if redis.call('GET', KEYS[4]) == ARGV[3] then
  return {0}
end
if redis.call('HGET', KEYS[1], 'current') ~= ARGV[1] then
  return {1}
end
local p, records, size = ARGV[2], tonumber(ARGV[4]), #ARGV[5]
local found = redis.call('HMGET', KEYS[2], 'end:' .. p, 'put:' .. p, 'done:' .. p)
local upto, put, done = tonumber(found[1] or 0), tonumber(found[2] or 0), tonumber(found[3] or 0)
if put > done and put - done + size > tonumber(ARGV[6]) then
  return {2, put - done}
end
local id = string.format('%d-1', upto)
local answer = redis.pcall('XADD', KEYS[3], id, 'n', ARGV[4], 'b', string.format('%d', put + size), 'e', ARGV[5])
-- somebody else has put an entry there that lies beyond
if type(answer) == 'table' and answer.err then
  return {1}
end
redis.call('HINCRBY', KEYS[2], 'end:' .. p, records)
redis.call('HINCRBY', KEYS[2], 'put:' .. p, size)
-- longer than anybody tries again
redis.call('SET', KEYS[4], ARGV[3], 'EX', 120)
return {0}

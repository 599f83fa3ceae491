-- Lets a stream forget entries of a partition that are counted. KEYS: the committed offsets, the stream, its generation.
-- ARGV: field of the committed offset, the committed offset, the group, the partition, bytes that are through or
-- nothing, the entries. Answers 0 where Redis has forgotten that they were counted.
if tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1') < tonumber(ARGV[2]) then
  return 0
end
redis.call('XACK', KEYS[2], ARGV[3], unpack(ARGV, 6))
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d-0', ARGV[2] + 1))
-- somebody may have removed it meanwhile
if ARGV[5] ~= '' and redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('HSET', KEYS[3], 'done:' .. ARGV[4], ARGV[5])
end
return 1

-- Makes a partition of a generation ready: it knows the ids that clients gave in the one before, which nobody adds to
-- any more. KEYS: the generation, the ids before, the ids. ARGV: partition, the partition before as documents name it,
-- seconds for which ids are kept.
local field = 'ready:' .. ARGV[1]
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HEXISTS', KEYS[1], field) == 1 then
  return 0
end
local found = redis.call('HGETALL', KEYS[2])
for i = 1, #found, 2 do
  local offset, at, position = string.match(found[i + 1], '^(%-?%d+) (%d+) ?(.*)$')
  if offset then
    if position == '' then
      position = ARGV[2] .. '#' .. offset
    end
    -- below zero, so that no record of this generation can be taken for it
    local before = string.format('%d', tonumber(offset) - 2 ^ 40)
    redis.call('HSETNX', KEYS[3], found[i], before .. ' ' .. at .. ' ' .. position)
  end
end
if #found > 0 then
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
redis.call('HSET', KEYS[1], field, 1)
return 1

-- Puts rebuilt counters, committed offsets and books in the place of what is there, in one step. Follows
-- tallies.lua and KINDS.
-- KEYS: committed offsets, books, floors, acknowledged, lives, queues, then the tallies.
-- ARGV: how every key of the scenario begins, as a pattern; how the keys of ids that clients gave
-- begin, and those of queues, which stay; most members of a tally where the books do not say it;
-- committed offsets of other queues that there are; then per write: kind (total, of committed offsets,
-- books and queues; one of KINDS; stands, a committed offset of another
-- queue that has to be as it says), number of its key, member, amount.
-- Answers 1, or 0 where documents were purged on purpose: their events are in the counters only; 2
-- where another queue has counted meanwhile.
if redis.call('EXISTS', KEYS[3]) == 1 then
  return 0
end
if redis.call('HLEN', KEYS[6]) ~= tonumber(ARGV[5]) then
  return 2
end
for i = 6, #ARGV, 4 do
  if ARGV[i] == 'stands' and (redis.call('HGET', KEYS[1], ARGV[i + 2]) or '-1') ~= ARGV[i + 3] then
    return 2
  end
end
local version = tonumber(redis.call('HGET', KEYS[2], 'version') or '0')
-- the bound that the consumers had, as they are who set it
local most = redis.call('HGET', KEYS[2], 'most') or ARGV[4]
-- by pattern, because a consumer may have made keys that the caller has not seen
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local stays = string.sub(key, 1, #ARGV[2]) == ARGV[2] or string.sub(key, 1, #ARGV[3]) == ARGV[3]
  if key ~= KEYS[4] and key ~= KEYS[5] and key ~= KEYS[6] and not stays then
    redis.call('DEL', key)
  end
end
for i = 6, #ARGV, 4 do
  local kind, key = ARGV[i], KEYS[tonumber(ARGV[i + 1])]
  if kind == 'total' then
    redis.call('HSET', key, ARGV[i + 2], ARGV[i + 3])
  elseif kind ~= 'stands' then
    pcall(KINDS[kind], key, ARGV[i + 2], ARGV[i + 3], tonumber(most))
  end
end
settle()
redis.call('HSET', KEYS[2], 'version', version + 1, 'most', most)
local now = redis.call('TIME')
redis.call('HSET', KEYS[2], 'at', string.format('%d', now[1] * 1000 + math.floor(now[2] / 1000)))
return 1

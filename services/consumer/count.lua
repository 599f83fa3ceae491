-- Counts the records of one partition, or refuses them, in one step. Follows tallies.lua and KINDS.
-- KEYS: committed offsets, books, lives, then the tallies.
-- ARGV: field of the committed offset, the committed offset that the records follow, their last offset, the field that
-- the committed offset of the partition's next life would have, most members of a tally, then per write: kind
-- (one of KINDS; total, of the books; of ids that clients gave: drop, put, keep), number of
-- its key, member, amount.
-- Answers {1, last offset, failed writes} or, when the committed offset is another than the caller knows,
-- {0, committed offset, 0}: somebody else has counted these records (committed offset above), or Redis has forgotten
-- records before them (committed offset below), which a mere comparison with the first offset would miss.
-- The same once the partition goes on as its next life: the committed offset of the one before is final.
local committed = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1')
if committed ~= tonumber(ARGV[2]) or redis.call('HEXISTS', KEYS[3], ARGV[4]) == 1 then
  return {0, committed, 0}
end
local begin, failed, most = 6, 0, tonumber(ARGV[5])
local function writes()
  for i = begin, #ARGV, 4 do
    begin = i + 4
    local kind, key, answer = ARGV[i], KEYS[tonumber(ARGV[i + 1])], nil
    local counts = KINDS[kind]
    -- pcall: a key of another type must not keep the other writes and the committed offset from moving
    if counts then
      answer = counts(key, ARGV[i + 2], ARGV[i + 3], most)
    elseif kind == 'total' then
      answer = redis.pcall('HINCRBY', key, ARGV[i + 2], ARGV[i + 3])
    elseif kind == 'drop' then
      answer = redis.pcall('HDEL', key, ARGV[i + 2])
    elseif kind == 'put' then
      answer = redis.pcall('HSET', key, ARGV[i + 2], ARGV[i + 3])
    else
      answer = redis.pcall('EXPIRE', key, ARGV[i + 3])
    end
    if type(answer) == 'table' and answer.err then
      failed = failed + 1
    end
  end
end
-- nor must an error in a kind end the script: what it has counted would be counted again
while not pcall(writes) do
  failed = failed + 1
end
settle()
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[2], 'version', 1)
local now = redis.call('TIME')
local at = string.format('%d', now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('HSET', KEYS[2], 'at', at, 'most', ARGV[5])
return {1, tonumber(ARGV[3]), failed}

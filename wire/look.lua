-- The highest members of tallies and their totals, of one moment. Follows tallies.lua.
-- KEYS: books, then tallies.
-- ARGV: per question: kind (hash, set, newest), number of its key, number of the key of a hash with the
-- same members (0: none), how many members are wanted at most.
-- Answers `counted` and `at` of the books, then per question {members, without OTHERS; the count
-- of OTHERS; the sum, as text; then of each wanted member its name, count and other count}. Of a
-- set these are names only, the first ones by their bytes, and OTHERS counts 1 where there is it.
-- A tally with few members is answered in full, in no order. Of the newest: their names, the last first.
local function named(key, kind, at, most)
  if not at.list then
    return redis.call(kind == 'set' and 'SMEMBERS' or 'HKEYS', key)
  end
  return redis.call(kind == 'set' and 'ZRANGE' or 'ZREVRANGE', at.list, 0, most - 1)
end

local function total(key, at)
  if at.list then
    return redis.call('HGET', SUMS, key)
  end
  local sum = 0
  for _, count in ipairs(redis.call('HVALS', key)) do
    sum = sum + (tonumber(count) or 0)
  end
  return string.format('%.0f', sum)
end

local function newest(key, most)
  local names = redis.pcall('ZREVRANGE', key, 0, most - 1)
  if names.err then
    return names
  end
  return {redis.call('ZCARD', key), 0, '0', unpack(names)}
end

local function counted(kind, key, second, most)
  local at = look(kind, key)
  if at.wrong then
    return at.wrong
  end
  local names = {}
  for _, name in ipairs(named(key, kind, at, most)) do
    if name ~= OTHERS then
      names[#names + 1] = name
    end
  end
  if kind == 'set' then
    return {at.count, at.others and 1 or 0, '0', unpack(names)}
  end
  local answer = {at.count, redis.call('HGET', key, OTHERS) or '0', total(key, at)}
  local counts = #names > 0 and redis.call('HMGET', key, unpack(names)) or {}
  local others = second and #names > 0 and redis.call('HMGET', second, unpack(names)) or {}
  for n, name in ipairs(names) do
    answer[#answer + 1] = name
    answer[#answer + 1] = counts[n]
    answer[#answer + 1] = others[n] or false
  end
  return answer
end

local answers = redis.call('HMGET', KEYS[1], 'counted', 'at')
for i = 1, #ARGV, 4 do
  local kind, key, second = ARGV[i], KEYS[tonumber(ARGV[i + 1])], KEYS[tonumber(ARGV[i + 2])]
  local most = tonumber(ARGV[i + 3])
  local answer = kind == 'newest' and newest(key, most) or counted(kind, key, second, most)
  if answer.err then
    return answer
  end
  answers[#answers + 1] = answer
end
return answers

-- How tallies are kept. This is the beginning of each script that writes or reads them.
-- KEYS[1] is a key of the scenario, all of which begin with `{scenario}:`.
-- A hash or set with more than FEW members has a list beside it, a sorted set: of a hash at least
-- the LEAST highest members by their counts, of a set the first ones by name. No member that is
-- not in the list has a count above the field in FLOORS. A hash has its sum in SUMS. So what the
-- highest members and the total cost to write and to read does not grow with the members.
local FEW, LEAST, KEPT = 200, 500, 1000
local OTHERS = '%others'
local head = string.match(KEYS[1], '^{.-}:')
local SUMS, FLOORS = head .. '%sums', head .. '%floors'
local known = {}

-- A whole number as text, however large.
local function whole(number)
  return string.format('%.0f', number)
end

-- A command whose failure must not keep a committed offset from moving; 0 where it failed.
local function try(...)
  local answer = redis.pcall(...)
  return type(answer) == 'number' and answer or 0
end

-- Lets go of what is far down in a list.
local function trim(at, key)
  if at.kind == 'set' then
    try('ZREMRANGEBYRANK', at.list, KEPT, -1)
  else
    local highest = redis.call('ZREVRANGE', at.list, KEPT, KEPT, 'WITHSCORES')
    at.floor = tonumber(highest[2])
    try('ZREMRANGEBYRANK', at.list, 0, -KEPT - 1)
    try('HSET', FLOORS, key, whole(at.floor))
  end
  at.listed = KEPT
end

-- Puts a member with its count into a list, where it belongs there.
local function enter(at, key, member, count)
  if count > at.floor then
    at.listed = at.listed + try('ZADD', at.list, whole(count), member)
    if at.listed > 2 * KEPT then
      trim(at, key)
    end
  else
    -- it was there if its count fell
    at.listed = at.listed - (at.falls and try('ZREM', at.list, member) or 0)
  end
end

-- Makes the list and the sum of a tally from its members; in pieces, as they may be a million.
local function list(at, key)
  local cursor, sum, step = '0', 0, at.kind == 'set' and 1 or 2
  -- who may only read could not keep it, and would look through all members at each reading
  if type(redis.pcall('DEL', at.list)) == 'table' then
    return
  end
  try('HDEL', FLOORS, key)
  at.listed, at.floor = 0, -math.huge
  repeat
    local page = redis.call(at.kind == 'set' and 'SSCAN' or 'HSCAN', key, cursor, 'COUNT', 1000)
    local found = page[2]
    for i = 1, #found, step do
      local count = step == 2 and tonumber(found[i + 1]) or 0
      sum = sum + count
      if count > at.floor and found[i] ~= OTHERS then
        enter(at, key, found[i], count)
      end
    end
    cursor = page[1]
  until cursor == '0'
  if at.kind ~= 'set' then
    try('HSET', SUMS, key, whole(sum))
  end
  at.sum = 0
end

-- Whether a tally has a member.
local function has(key, kind, member)
  return redis.pcall(kind == 'set' and 'SISMEMBER' or 'HEXISTS', key, member) == 1
end

-- How a tally stands: `count` members, the key of its `list`, which is made where it is missing or
-- `anew`, nil where there are few; `wrong` where the key holds something else.
local function look(kind, key, anew)
  local at = {kind = kind, sum = 0, count = redis.pcall(kind == 'set' and 'SCARD' or 'HLEN', key)}
  if type(at.count) == 'table' then
    return {wrong = at.count}
  end
  at.others = at.count > 0 and has(key, kind, OTHERS)
  at.count = at.count - (at.others and 1 or 0)
  if at.count > FEW then
    at.list = head .. '%top:' .. string.sub(key, #head + 1)
    at.listed = try('ZCARD', at.list)
    at.floor = tonumber(redis.call('HGET', FLOORS, key) or -math.huge)
    if anew or at.listed < math.min(LEAST, at.count) then
      list(at, key)
    end
  end
  return at
end

-- The same for a writer. `spare`: writes until a tally could pass a bound and is looked at again.
local function held(kind, key, most)
  local at = known[key]
  if at and (at.wrong or at.full or at.spare > 0) then
    return at
  end
  local fresh = look(kind, key, at and not at.list)
  if not fresh.wrong then
    fresh.sum = at and at.list and at.sum or 0
    local bound = most > 0 and most or math.huge
    fresh.full = fresh.count >= bound
    fresh.spare = (fresh.list and bound or math.min(FEW, bound)) - fresh.count
  end
  known[key] = fresh
  return fresh
end

-- Adds to a member of a tally; to OTHERS where the tally has `most` members already and not this
-- one. 0 sets no bound. Answers as Redis does, also with its error.
local function add(kind, key, member, amount, most)
  local at = held(kind, key, most)
  if at.wrong then
    return at.wrong
  end
  if at.full and not has(key, kind, member) then
    member = OTHERS
  end
  local answer
  if kind == 'set' then
    answer = redis.pcall('SADD', key, member)
  else
    answer = redis.pcall('HINCRBY', key, member, amount)
  end
  if type(answer) == 'table' then
    return answer
  end
  at.spare = at.spare - 1
  if at.list then
    at.sum = at.sum + tonumber(amount)
    at.falls = tonumber(amount) < 0
    if kind ~= 'set' and member ~= OTHERS then
      enter(at, key, member, answer)
    elseif kind == 'set' and answer == 1 and member ~= OTHERS then
      enter(at, key, member, 0)
    end
  elseif not at.full and at.spare < 0 then
    held(kind, key, most)
  end
  return answer
end

-- Writes the sums of what was added.
local function settle()
  for key, at in pairs(known) do
    if at.list and at.kind ~= 'set' and at.sum ~= 0 then
      try('HINCRBY', SUMS, key, whole(at.sum))
    end
  end
end

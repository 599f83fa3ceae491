-- A member gives leases back, and with ARGV[2] it leaves. KEYS: the members, then the leases. ARGV: member, 1 or 0.
for i = 2, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('DEL', KEYS[i])
  end
end
if ARGV[2] == '1' then
  redis.call('ZREM', KEYS[1], ARGV[1])
end

/**
 * What every node has is a hash of its own, which expires unless the node is heard of; a sorted set names the nodes,
 * each with the time at which it expires. A node whose time has passed counts no more, and neither does one whose time
 * lies too far ahead, as after the clock was set back: it is heard of again soon if it lives.
 *
 * The first ARGV of each script are the node's name, the milliseconds that a node counts after it was heard of, and
 * what the names of the hashes begin with. KEYS: the sorted set, and the hash of the node.
 */
const NODES = `
local nodes, own = KEYS[1], KEYS[2]
local node, ttl, prefix = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function heard()
  redis.call('ZREMRANGEBYSCORE', nodes, '-inf', now)
  redis.call('ZADD', nodes, string.format('%.0f', now + ttl), node)
  redis.call('PEXPIRE', nodes, ttl)
  redis.call('PEXPIRE', own, ttl)
end

local function sum(field, without)
  local total = 0
  local live = redis.call('ZRANGEBYSCORE', nodes, string.format('(%.0f', now), string.format('%.0f', now + ttl))
  for _, name in ipairs(live) do
    if name ~= without then total = total + (tonumber(redis.call('HGET', prefix .. name, field) or 0) or 0) end
  end
  return total
end
`

/**
 * Keeps what a node has. ARGV from 4: the number of the report before this that was kept, and its own; '1' where it
 * begins anew; then fields and their values. Returns 0, and keeps nothing, where Redis does not have what was kept:
 * the node has to begin anew then. One that arrives after a later one (it lay in the buffers of a connection that was
 * given up) is not kept either.
 */
export const REPORT: string = `${NODES}
local before, number, anew = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local held = tonumber(redis.call('HGET', own, 'report') or nil)
if held and held >= number then return 0 end
if anew == '1' then
  redis.call('DEL', own)
elseif not held or held < before then
  return 0
end
redis.call('HSET', own, 'report', number)
for i = 7, #ARGV, 2 do
  if ARGV[i + 1] == '0' then redis.call('HDEL', own, ARGV[i]) else redis.call('HSET', own, ARGV[i], ARGV[i + 1]) end
end
heard()
return 1
`

/** ARGV from 4: a field. Returns its value over all nodes. */
export const COUNT: string = `${NODES}
return sum(ARGV[4], '')
`

/** ARGV from 4: a field, the value that the node wants to have of it, and the most there may be in all. Returns whether it has it. */
export const TAKE: string = `${NODES}
local field, wanted, most = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
if sum(field, node) + wanted > most then return 0 end
redis.call('HSET', own, field, ARGV[5])
heard()
return 1
`

/** The node leaves. */
export const LEAVE: string = `${NODES}
redis.call('DEL', own)
redis.call('ZREM', nodes, node)
return 1
`

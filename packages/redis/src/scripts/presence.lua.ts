/**
 * The counts of each node are a hash, which expires if the node is not heard from. A sorted set contains the nodes,
 * each scored by the time at which it expires. A node whose time has passed does not count. Neither does a node whose
 * time is too far ahead, as after the clock was set back: if it lives, it is soon heard from again.
 *
 * KEYS: the sorted set, and the node's hash, whose name ends with the node's.
 * ARGV of every script: the node's name; its time to live in milliseconds.
 */
const NODES = `
local nodes, own = KEYS[1], KEYS[2]
local node, ttl = ARGV[1], tonumber(ARGV[2])
-- A client may add a prefix to its keys, which the names of the other hashes have too.
local prefix = string.sub(own, 1, #own - #node)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function keepAlive()
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
 * Stores the counts of a node.
 *
 * ARGV from 3: the number of the latest report that was stored; the number of this report; '1' if it is the first;
 * then fields and their values.
 * Returns 1, or 0 if nothing was stored. It stores nothing if Redis has lost the earlier reports, so that the node
 * reports everything again, and nothing if a later report is stored already: this one was delayed in the buffers of a
 * lost connection.
 */
export const REPORT: string = `${NODES}
local previous, number, isFirst = tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local stored = tonumber(redis.call('HGET', own, 'report') or nil)
if stored and stored >= number then return 0 end
if isFirst == '1' then
  redis.call('DEL', own)
elseif not stored or stored < previous then
  return 0
end
redis.call('HSET', own, 'report', number)
for i = 6, #ARGV, 2 do
  if ARGV[i + 1] == '0' then redis.call('HDEL', own, ARGV[i]) else redis.call('HSET', own, ARGV[i], ARGV[i + 1]) end
end
keepAlive()
return 1
`

/** ARGV from 3: a field. Returns its sum over all nodes. */
export const COUNT: string = `${NODES}
return sum(ARGV[3], '')
`

/**
 * Acquires permits.
 *
 * ARGV from 3: a field; the number of permits that the node wants to have in all; the limit over all nodes.
 * Returns 1 if the node has them now, or else 0.
 */
export const ACQUIRE: string = `${NODES}
local field, wanted, limit = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if sum(field, node) + wanted > limit then return 0 end
redis.call('HSET', own, field, ARGV[4])
keepAlive()
return 1
`

/** Removes the node. */
export const LEAVE: string = `${NODES}
redis.call('DEL', own)
redis.call('ZREM', nodes, node)
return 1
`

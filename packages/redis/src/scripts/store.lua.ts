/**
 * The scripts of a job's store. The fence is the token of the process that was last given the right to run the job. It
 * stays when the lease expires. So a process whose lease has expired may go on only until another one has the right.
 */

/** The reply to a process that does not have the right any more begins with this. */
export const FENCED = 'FENCED'

/** Refuses the call unless the caller's token is that of the fence. KEYS[1]: fence. ARGV[1]: the caller's token. */
const CHECK_FENCE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return redis.error_reply('${FENCED} another process has the right to run the job, or Redis lost who has it')
end
`

/**
 * `grant(fence, lease, name, milliseconds)` gives the right to a process and returns its token. Tokens ascend: they begin with
 * the microseconds since 1970, or one more than the token before. They end with the name.
 */
const GRANT = `
local function grant(fence, lease, name, milliseconds)
  local time = redis.call('TIME')
  local before = tonumber(string.match(redis.call('GET', fence) or '', '^%d+')) or 0
  local number = math.max(time[1] * 1000000 + time[2], before + 1)
  local token = string.format('%.0f', number) .. '-' .. name
  redis.call('SET', fence, token)
  redis.call('SET', lease, token, 'PX', milliseconds)
  return token
end
`

/**
 * `limit(lease, milliseconds)` returns how long a lease lasts if it is not renewed. One that lasts for longer than any lease was
 * given before the clock of Redis was set back. It lasts no longer than a new one: who lives renews it by then.
 */
const LIMIT = `
local function limit(lease, milliseconds)
  local left, most = redis.call('PTTL', lease), tonumber(milliseconds)
  if left <= most then return left end
  redis.call('PEXPIRE', lease, most)
  return most
end
`

/** The reply to a node that has another number of shards than the others begins with this. */
export const OTHER_COUNT = 'SHARDS'

/** Refuses a call of a node that has another number of shards than the job. */
const CHECK_COUNT = `
local function otherCount(nodes, count)
  local stored = redis.call('HGET', nodes, 'count')
  return stored and stored ~= count and redis.error_reply('${OTHER_COUNT} ' .. stored)
end
`

/**
 * Gives the right to run the job if nobody has it. KEYS: fence, lease, the hash of the nodes. ARGV: a random name; the lease's
 * milliseconds. Returns the token, or how many milliseconds the lease of another process lasts if it is not renewed.
 */
export const ACQUIRE_LEASE: string = `${GRANT}${LIMIT}${CHECK_COUNT}
local refusal = otherCount(KEYS[3], '0')
if refusal then return refusal end
local left = limit(KEYS[2], ARGV[2])
if left > 0 then return left end
redis.call('HSET', KEYS[3], 'count', '0')
return grant(KEYS[1], KEYS[2], ARGV[1], ARGV[2])
`

/**
 * Shares out the shards of a job among the nodes. Each call says that the node is alive, and gives it free shards up to its
 * quota. The node that has been there for longest gets one more if the shards cannot be shared out evenly, so that a node
 * that joins or leaves moves as few as possible. A shard that the node has, without knowing it, is free for it: the answer to
 * an earlier call was lost.
 *
 * The hash has the number of shards, and for each node since when it is there, until when it counts without another call, and
 * how long that is. A node that counts for longer than that was there before the clock was set back. Anything else was not
 * written by a node, and does not count.
 *
 * KEYS: the hash, then the fence and the lease of each shard that the node does not have.
 * ARGV: the node's name; how many milliseconds it counts; the lease's milliseconds; the number of shards; how many the node
 * has; the index of each shard in KEYS.
 * Returns the quota, then index and token of each shard that the node has now.
 */
export const SHARE_OUT: string = `${GRANT}${LIMIT}${CHECK_COUNT}
local nodes, node, life, count = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local refusal = otherCount(nodes, ARGV[4])
if refusal then return refusal end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local since = now
local others = {}
local fields = redis.call('HGETALL', nodes)
for i = 1, #fields, 2 do
  local name = string.match(fields[i], '^node:(.*)$')
  if name then
    local first, last, lasts = string.match(fields[i + 1], '^(%d+) (%d+) (%d+)$')
    first, last, lasts = tonumber(first), tonumber(last), tonumber(lasts)
    if not last or last <= now or last > now + lasts * 1000 then redis.call('HDEL', nodes, fields[i])
    elseif name == node then since = first
    else others[#others + 1] = { first, name } end
  end
end
redis.call('HSET', nodes, 'count', ARGV[4], 'node:' .. node,
  string.format('%.0f %.0f %.0f', since, now + life * 1000, life))

local rank = 0
for _, other in ipairs(others) do
  if other[1] < since or (other[1] == since and other[2] < node) then rank = rank + 1 end
end
local size = #others + 1
local quota = math.floor(count / size)
if rank < count % size then quota = quota + 1 end

local held = tonumber(ARGV[5])
local answer = { quota }
for i = 6, #ARGV do
  if held >= quota then break end
  -- The keys of the index in ARGV[6] are KEYS[2] and KEYS[3].
  local at = 2 * (i - 5)
  local fence, lease = KEYS[at], KEYS[at + 1]
  limit(lease, ARGV[3])
  local token = redis.call('GET', lease)
  if not token or string.sub(token, -#node) == node then
    answer[#answer + 1] = ARGV[i]
    answer[#answer + 1] = grant(fence, lease, node, ARGV[3])
    held = held + 1
  end
end
return answer
`

/** A node leaves. KEYS: the hash of the nodes. ARGV: its name. */
export const LEAVE_SHARDS: string = `return redis.call('HDEL', KEYS[1], 'node:' .. ARGV[1])`

/** Makes the lease last from now on. KEYS: fence, lease. ARGV: token; the lease's milliseconds. */
export const RENEW_LEASE: string = `${CHECK_FENCE}
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
`

/** Gives the right back: the next process that asks gets it. KEYS: fence, lease. ARGV: token. */
export const RELEASE_LEASE: string = `${CHECK_FENCE}
return redis.call('DEL', KEYS[2])
`

/** All snapshots. KEYS: snapshots. Returns an id and a header for each. */
export const LIST_SNAPSHOTS: string = `return redis.call('HGETALL', KEYS[1])`

/** Some pieces of a snapshot. KEYS: its pieces. ARGV: the numbers of the pieces. */
export const READ_PIECES: string = `return redis.call('HMGET', KEYS[1], unpack(ARGV))`

/**
 * Stores one piece of a snapshot. KEYS: fence, pieces. ARGV: token; the number of the piece; its bytes; after how many
 * milliseconds the pieces of a save that is never completed are removed.
 */
export const WRITE_PIECE: string = `${CHECK_FENCE}
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
`

/**
 * Completes a snapshot and removes others. A call that arrives after a later one, because it was delayed in the buffers of a
 * lost connection, is refused. KEYS: fence, snapshots, pieces, the pieces of each snapshot to remove. ARGV: token; id; header;
 * the number of pieces; the id of each snapshot to remove.
 */
export const COMMIT_SNAPSHOT: string = `${CHECK_FENCE}
local replaced = { [ARGV[2]] = true }
for i = 5, #ARGV do replaced[ARGV[i]] = true end
local number = cjson.decode(ARGV[3]).number
local headers = redis.call('HGETALL', KEYS[2])
for i = 1, #headers, 2 do
  local isRead, header = pcall(cjson.decode, headers[i + 1])
  local other = isRead and type(header) == 'table' and tonumber(header.number) or 0
  if not replaced[headers[i]] and other >= number then
    return redis.error_reply('STALE a later snapshot has arrived before')
  end
end
if redis.call('HLEN', KEYS[3]) ~= tonumber(ARGV[4]) then
  return redis.error_reply('ERR Redis lost a part of the snapshot')
end
redis.call('PERSIST', KEYS[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
for i = 5, #ARGV do
  redis.call('HDEL', KEYS[2], ARGV[i])
  redis.call('UNLINK', KEYS[i - 1])
end
return 1
`

/**
 * Removes the pieces of a save that has failed, unless it was completed all the same. KEYS: snapshots, pieces. ARGV: id.
 */
export const REMOVE_PIECES: string = `
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 0 end
return redis.call('UNLINK', KEYS[2])
`

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
 * Gives the right to run the job if nobody has it. KEYS: fence, lease. ARGV: a random name; the lease's milliseconds.
 * Returns the token, or how many milliseconds the lease of another process lasts if it is not renewed. Tokens ascend: they
 * begin with the microseconds since 1970, or one more than the token before.
 */
export const ACQUIRE_LEASE: string = `
local left = redis.call('PTTL', KEYS[2])
if left > 0 then return left end
local time = redis.call('TIME')
local before = tonumber(string.match(redis.call('GET', KEYS[1]) or '', '^%d+')) or 0
local number = math.max(time[1] * 1000000 + time[2], before + 1)
local token = string.format('%.0f', number) .. '-' .. ARGV[1]
redis.call('SET', KEYS[1], token)
redis.call('SET', KEYS[2], token, 'PX', ARGV[2])
return token
`

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

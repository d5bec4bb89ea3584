import { METADATA } from './metadata.lua.ts'
import { FENCED } from './store.lua.ts'

/**
 * Appends a batch. A writer sends one batch at a time and numbers them. A batch that is sent again, because its answer
 * was lost with a connection, gets the same answer. A batch that arrives after a later one, because it was delayed in
 * the buffers of a lost connection, is refused.
 *
 * KEYS: metadata, events, sources, ids, writer, and the fence of a job, if only its process may append.
 * ARGV: new epoch; known offsets; maxLength; the number of the batch; how many milliseconds to remember it; the token of
 * this process in that job; then three for each message: source id and own id, each empty or after a '=', and body.
 * Returns for each message the id and the offset of its entry, and the body if the entry was there before.
 */
export const APPEND: string = `${METADATA}
local maxLength, batch, memory, token = tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
if KEYS[6] and redis.call('GET', KEYS[6]) ~= token then
  return redis.error_reply('${FENCED} another process has the right to run the job, or Redis lost who has it')
end
local term = openTerm()
local latest = redis.call('HMGET', KEYS[5], 'batch', 'answer')
if latest[1] == batch then return cmsgpack.unpack(latest[2]) end
if latest[1] and tonumber(latest[1]) > tonumber(batch) then
  return redis.error_reply('STALE a later batch of this writer has arrived before')
end

local function findBySource(source)
  local offset = source ~= '' and redis.call('ZSCORE', sources, source)
  if not offset then return nil end
  local id = streamId(tonumber(offset))
  local entry = redis.call('XRANGE', events, id, id)[1]
  return entry and { entry[2][2], text(tonumber(offset)), entry[2][4] }
end

local answer = {}
for i = 7, #ARGV, 3 do
  local source, own, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local entry = findBySource(source)
  if not entry then
    local offset = term.last + 1
    local id = term.epoch .. '-' .. text(offset - term.base)
    redis.call('XADD', events, streamId(offset), 'i', id, 'm', body)
    if source ~= '' then redis.call('ZADD', sources, text(offset), source) end
    if own ~= '' then redis.call('ZADD', ids, text(offset), own) end
    term.last = offset
    entry = { id, text(offset), '' }
  end
  answer[#answer + 1] = entry
end
redis.call('HSET', metadata, 'last', text(term.last), 'used', '1')

if redis.call('XTRIM', events, 'MAXLEN', '=', maxLength) > 0 then
  local first = offsetOf(redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1][1])
  redis.call('HSET', metadata, 'first', text(first))
  redis.call('ZREMRANGEBYSCORE', sources, '-inf', '(' .. text(first))
  redis.call('ZREMRANGEBYSCORE', ids, '-inf', '(' .. text(first))
end

redis.call('HSET', KEYS[5], 'batch', batch, 'answer', cmsgpack.pack(answer))
redis.call('PEXPIRE', KEYS[5], memory)
return answer
`

import { LIFE } from './life.lua.ts'

/**
 * Appends a batch. A writer sends one at a time and numbers them: one that comes again, because its answer was lost
 * with a connection, gets the answer it has, and one that arrives after a later one (it lay in the buffers of a
 * connection that was given up) is refused.
 *
 * KEYS: life, events, sources, ids, writer.
 * ARGV: new epoch, known offsets, maxLength, the batch's number, milliseconds to remember it; then for each message
 * its source id and its own id, each empty or with '=' before it, and its body.
 * Returns for each message: the id and the offset of its entry, and the body that entry has where it was there before.
 */
export const APPEND: string = `${LIFE}
local maxLength, batch, remembered = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local term = open()
local memo = redis.call('HMGET', KEYS[5], 'batch', 'answer')
if memo[1] == batch then return cmsgpack.unpack(memo[2]) end
if memo[1] and tonumber(memo[1]) > tonumber(batch) then
  return redis.error_reply('STALE this batch was given up before it arrived')
end

local function before(source)
  local offset = source ~= '' and redis.call('ZSCORE', sources, source)
  if not offset then return nil end
  local at = streamId(tonumber(offset))
  local entry = redis.call('XRANGE', events, at, at)[1]
  return entry and { entry[2][2], text(tonumber(offset)), entry[2][4] }
end

local answer = {}
for i = 6, #ARGV, 3 do
  local source, own, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local entry = before(source)
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
redis.call('HSET', life, 'last', text(term.last), 'used', '1')

if redis.call('XTRIM', events, 'MAXLEN', '=', maxLength) > 0 then
  local first = offsetOf(redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1][1])
  redis.call('HSET', life, 'first', text(first))
  redis.call('ZREMRANGEBYSCORE', sources, '-inf', '(' .. text(first))
  redis.call('ZREMRANGEBYSCORE', ids, '-inf', '(' .. text(first))
end

redis.call('HSET', KEYS[5], 'batch', batch, 'answer', cmsgpack.pack(answer))
redis.call('PEXPIRE', KEYS[5], remembered)
return answer
`

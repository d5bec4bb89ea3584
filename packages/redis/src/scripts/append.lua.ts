import { METADATA } from './metadata.lua.ts'
import { FENCED } from './store.lua.ts'

/**
 * Appends a batch. A writer sends one batch at a time and numbers them. A batch that is sent again, because its answer
 * was lost with a connection, gets the same answer. A batch that arrives after a later one, because it was delayed in
 * the buffers of a lost connection, is refused.
 *
 * KEYS: metadata, events, sources, ids, writer, and the fences of a job and its shards.
 * ARGV: new epoch; known offsets; maxLength; the number of the batch; how many milliseconds to remember it; the token of
 * this process for each fence; then four for each message: source id and own id, each empty or after a '=', body, and which
 * fence it needs, from 1, or 0.
 * Returns for each message the id and the offset of its entry, and the body if the entry was there before. Returns
 * '${FENCED}' for one whose fence has another token.
 */
export const APPEND: string = `${METADATA}
local maxLength, batch, memory = tonumber(ARGV[3]), ARGV[4], ARGV[5]
local fences = #KEYS - 5
local isAllowed = { ['0'] = true }
for i = 1, fences do isAllowed[tostring(i)] = redis.call('GET', KEYS[5 + i]) == ARGV[5 + i] end
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

local function append(source, own, body)
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
  return entry
end

local answer = {}
local isUsed = term.used
for i = 6 + fences, #ARGV, 4 do
  local entry = '${FENCED}'
  if isAllowed[ARGV[i + 3]] then
    entry = append(ARGV[i], ARGV[i + 1], ARGV[i + 2])
    isUsed = '1'
  end
  answer[#answer + 1] = entry
end
redis.call('HSET', metadata, 'last', text(term.last), 'used', isUsed)

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

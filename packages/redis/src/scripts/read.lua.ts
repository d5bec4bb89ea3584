import { LIFE } from './life.lua.ts'

/**
 * Finds a place in the log and reads on from it.
 *
 * KEYS: life, events, sources, ids.
 * ARGV: new epoch, known offsets; 'head', 'offset' or 'id'; the offset or id; how many entries at most, and about how
 * many bytes of them.
 * Returns: the head's id and offset; the id and offset that what follows is strictly after; the reason of a gap
 * before it, or nothing, and how many are missing, where that is known; the entries.
 */
export const READ: string = `${LIFE}
local kind, given, limit, maxBytes = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local present = open()

local terms = {}
for epoch, base, last, reached in string.gmatch(present.past, '(%w+) (%d+) (%d+) (%d+);') do
  terms[#terms + 1] =
    { epoch = epoch, base = tonumber(base), last = tonumber(last), reached = tonumber(reached) }
end
present.reached = present.last
terms[#terms + 1] = present

local function termAt(offset)
  for i = #terms, 1, -1 do
    if offset >= terms[i].base then return i end
  end
end

local function termNamed(epoch)
  for i = #terms, 1, -1 do
    if terms[i].epoch == epoch then return i end
  end
end

local function idOf(offset)
  local term = terms[termAt(offset) or 1]
  return term.epoch .. '-' .. text(math.max(0, offset - term.base))
end

local first = present.first
local after, reason, missed = present.last, '', ''

local function place(i, offset)
  if offset > terms[i].last then
    local cut = terms[i].reached > terms[i].last
    after, reason = math.max(cut and terms[i + 1].base or terms[i].last, first - 1), 'ahead'
    return
  end
  -- The end of a term is also the beginning of the next.
  local on, lost = offset, false
  while on == terms[i].last and terms[i + 1] do
    lost = lost or terms[i].reached > terms[i].last
    i = i + 1
    on = terms[i].base
  end
  if lost then
    after, reason = math.max(on, first - 1), 'trimmed'
    return
  end
  after = offset
  if on >= first - 1 then return end
  after, reason = first - 1, 'trimmed'
  if termAt(first - 1) == i then missed = text(first - 1 - on) end
end

local function locate()
  if kind == 'head' then return end
  local offset
  if kind == 'offset' then
    offset = tonumber(given)
  else
    offset = tonumber(redis.call('ZSCORE', ids, '=' .. given) or nil)
  end
  if not offset then
    local epoch, number = string.match(given, '^([0-9a-z]+)%-(%d+)$')
    if not epoch or #number > 15 or text(tonumber(number)) ~= number then
      reason = 'unknown'
      return
    end
    local i = termNamed(epoch)
    if i then return place(i, terms[i].base + tonumber(number)) end
  else
    local i = termAt(offset)
    if i then return place(i, offset) end
  end
  after, reason = first - 1, 'epoch'
end

locate()

-- A page ends where entries were lost: the next one begins with that.
local upTo = '+'
for _, term in ipairs(terms) do
  if term.last > after and term.reached > term.last then
    upTo = streamId(term.last)
    break
  end
end

local entries, bytes, from = {}, 0, streamId(after)
while limit > 0 and bytes < maxBytes do
  local some = redis.call('XRANGE', events, '(' .. from, upTo, 'COUNT', math.min(limit, 32))
  if #some == 0 then break end
  for _, entry in ipairs(some) do
    -- Something that somebody else has put into the stream is no entry.
    if entry[2][1] == 'i' and entry[2][3] == 'm' then
      entries[#entries + 1] = entry
      bytes = bytes + #entry[2][4]
      limit = limit - 1
    end
  end
  from = some[#some][1]
end
return { idOf(present.last), text(present.last), idOf(after), text(after), reason, missed, entries }
`

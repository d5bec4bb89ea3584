import { METADATA } from './metadata.lua.ts'

/**
 * Finds a position in the log and reads the entries after it.
 *
 * KEYS: metadata, events, sources, ids.
 * ARGV: new epoch; known offsets; 'head', 'offset' or 'id'; the offset or id; the most entries; about the most bytes.
 * Returns the id and offset of the head; the id and offset of the position that the entries follow; the reason of a
 * gap before them, or ''; the number of missing entries, or '' if it is unknown; the entries.
 */
export const READ: string = `${METADATA}
local kind, given, limit, maxBytes = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local present = openTerm()

local terms = {}
for epoch, base, last, reached in string.gmatch(present.past, '(%w+) (%d+) (%d+) (%d+);') do
  terms[#terms + 1] =
    { epoch = epoch, base = tonumber(base), last = tonumber(last), reached = tonumber(reached) }
end
present.reached = present.last
terms[#terms + 1] = present

local function findTermByOffset(offset)
  for i = #terms, 1, -1 do
    if offset >= terms[i].base then return i end
  end
end

local function findTermByEpoch(epoch)
  for i = #terms, 1, -1 do
    if terms[i].epoch == epoch then return i end
  end
end

local function idOf(offset)
  local term = terms[findTermByOffset(offset) or 1]
  return term.epoch .. '-' .. text(math.max(0, offset - term.base))
end

local function lostEntries(term)
  return term.reached > term.last
end

-- Something other than a log may have trimmed the stream.
local first = present.first
if present.used == '1' then
  local oldest = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
  first = math.max(first, oldest and offsetOf(oldest[1]) or present.last + 1)
end
local after, reason, missed = present.last, '', ''

-- Continues after an offset of term i.
local function continueAfter(i, offset)
  if offset > terms[i].last then
    local base = lostEntries(terms[i]) and terms[i + 1].base or terms[i].last
    after, reason = math.max(base, first - 1), 'ahead'
    return
  end
  -- The end of a term is also the beginning of the next one.
  local position, isLost = offset, false
  while position == terms[i].last and terms[i + 1] do
    isLost = isLost or lostEntries(terms[i])
    i = i + 1
    position = terms[i].base
  end
  if isLost then
    after, reason = math.max(position, first - 1), 'trimmed'
    return
  end
  after = offset
  if position >= first - 1 then return end
  after, reason = first - 1, 'trimmed'
  if findTermByOffset(first - 1) == i then missed = text(first - 1 - position) end
end

local function findPosition()
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
    local i = findTermByEpoch(epoch)
    if i then return continueAfter(i, terms[i].base + tonumber(number)) end
  else
    local i = findTermByOffset(offset)
    if i then return continueAfter(i, offset) end
  end
  after, reason = first - 1, 'epoch'
end

findPosition()

-- Where the next loss after an offset is: the last offset before it, and the first one after it.
local function findLoss(offset)
  for i, term in ipairs(terms) do
    if term.last > offset and lostEntries(term) then return term.last, terms[i + 1].base end
  end
end

-- Whether no entry is missing between two offsets. Of terms that are no longer known this cannot be told.
local function isFollowedBy(offset, nextOffset)
  local i = findTermByOffset(offset)
  if not i then return true end
  while terms[i + 1] and offset >= terms[i].last do
    i = i + 1
    offset = terms[i].base
  end
  return nextOffset == offset + 1
end

local entries, bytes, position, isWhole = {}, 0, after, true

-- Adds an entry. Not if entries before it are missing, unless it is the first: then the page begins with a gap.
local function add(entry)
  local offset = offsetOf(entry[1])
  if not isFollowedBy(position, offset) then
    isWhole = #entries == 0
    if not isWhole then return end
    missed = reason == '' and findTermByOffset(offset) == findTermByOffset(position)
      and text(offset - 1 - position) or ''
    after, reason = offset - 1, reason == '' and 'trimmed' or reason
  end
  position = offset
  entries[#entries + 1] = entry
  bytes = bytes + #entry[2][4]
  limit = limit - 1
end

-- A page ends before entries that were lost, and before some that something else has removed. The next page begins with their gap.
local function readUpTo(bound)
  local from = streamId(after)
  while isWhole and limit > 0 and bytes < maxBytes do
    local some = redis.call('XRANGE', events, '(' .. from, bound, 'COUNT', math.min(limit, 16))
    if #some == 0 then break end
    for _, entry in ipairs(some) do
      -- Other fields: something other than a log wrote this.
      if isWhole and entry[2][1] == 'i' and entry[2][3] == 'm' then add(entry) end
    end
    from = some[#some][1]
  end
end

while limit > 0 and maxBytes > 0 and #entries == 0 do
  local last, base = findLoss(after)
  readUpTo(last and streamId(last) or '+')
  if not last or #entries > 0 then break end
  -- Nothing is left before the loss.
  after, position, reason, missed = base, base, reason == '' and 'trimmed' or reason, ''
end
return { idOf(present.last), text(present.last), idOf(after), text(after), reason, missed, entries }
`

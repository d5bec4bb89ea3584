/**
 * The start of every script of a log. `openTerm()` returns the present term, and begins one if there is none to
 * continue.
 *
 * A log consists of terms. The entries of a term are numbered 1, 2, 3 in their ids. The term's epoch is a new name,
 * and its base, the offset before its first entry, is higher than every offset assigned before. A new term begins if
 * Redis may have lost entries that it had confirmed: another server process (a restart, a failover) holds the log,
 * or a caller knows an offset that the log does not have.
 *
 * The metadata keeps the earlier terms and where each ended. So an id of an earlier term is found if its entry was
 * kept, and found missing if it was lost. If a caller knows entries beyond the end of the previous term, that is kept
 * too, for callers that do not know them. If all data is gone, so are the terms.
 *
 * Offsets stay ascending over every loss because a term begins at the microseconds since 1970, and nobody appends
 * more than one entry in a microsecond. If the clock was set back, the offset that the caller knows takes over.
 */
export const METADATA = `
local metadata, events, sources, ids = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local newEpoch = ARGV[1]
-- The highest offset that the caller knows, and the highest of an entry.
local known, knownEntry = string.match(ARGV[2], '^(%d+) (%d+)$')
known, knownEntry = tonumber(known), tonumber(knownEntry)

-- Lua's own tostring rounds numbers of more than 14 digits.
local function text(number)
  return string.format('%.0f', number)
end

local function streamId(offset)
  return text(offset) .. '-0'
end

local function offsetOf(id)
  return tonumber(string.match(id, '^%d+'))
end

-- A term that is over. 'last' is its last offset that is kept, 'reached' the highest that any caller has known.
local function formatPastTerm(epoch, base, last, reached)
  return epoch .. ' ' .. base .. ' ' .. text(last) .. ' ' .. text(reached) .. ';'
end

-- A node that was not the first to return may know more entries that the previous term lost.
local function recordLostEntries(term)
  if knownEntry == 0 or knownEntry >= term.base or term.past == '' then return end
  local before, epoch, base, last, reached = string.match(term.past, '^(.-)(%w+) (%d+) (%d+) (%d+);$')
  if knownEntry <= tonumber(reached) then return end
  term.past = before .. formatPastTerm(epoch, base, tonumber(last), knownEntry)
  redis.call('HSET', metadata, 'past', term.past)
end

-- Only the latest 64 terms are kept. An id of an older one counts as unknown to the log, which is also a gap.
local function dropOldTerms(past)
  local _, count = string.gsub(past, ';', '')
  while count > 64 do
    past = string.gsub(past, '^[^;]*;', '', 1)
    count = count - 1
  end
  return past
end

local function openTerm()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local stored = redis.call('HMGET', metadata, 'epoch', 'base', 'first', 'last', 'used', 'past', 'run')
  local term = stored[1] and {
    epoch = stored[1], base = tonumber(stored[2]), first = tonumber(stored[3]), last = tonumber(stored[4]),
    used = stored[5], past = stored[6],
  }
  local isLost = not term or (term.used == '1' and redis.call('EXISTS', events) == 0)
  if not isLost and stored[7] == run and known <= term.last then
    recordLostEntries(term)
    return term
  end

  local time = redis.call('TIME')
  local base = math.max(time[1] * 1000000 + time[2], known, term and term.last or 0)
  if isLost then
    redis.call('DEL', metadata, events, sources, ids)
    term = { first = base + 1, used = '0', past = '' }
  else
    local reached = math.max(term.last, knownEntry)
    term.past = dropOldTerms(term.past .. formatPastTerm(term.epoch, text(term.base), term.last, reached))
  end
  term.epoch, term.base, term.last = newEpoch, base, base
  redis.call('HSET', metadata, 'epoch', newEpoch, 'base', text(base), 'first', text(term.first), 'last', text(base),
    'used', term.used, 'past', term.past, 'run', run)
  return term
end
`

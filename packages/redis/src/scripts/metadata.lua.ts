/**
 * What every script begins with: `open()` gives the present term of the log's life, beginning one where there is
 * none to go on with.
 *
 * A life is a list of terms. Within a term entries are numbered 1, 2, 3 in their ids; a term's epoch is new, and
 * its base, the offset before its first entry, lies above every offset given before. A term ends where Redis may
 * have gone back behind what it once confirmed: another server process (a restart, a failover) holds the log, or a
 * caller knows of an offset that is not there. The terms before and their ends are kept, so that an id of theirs is
 * found where it was kept, and found missing where it was lost. Where the data is gone altogether, so are the terms.
 * What a caller knows of beyond the end of the term before is remembered with it, for readers who do not.
 *
 * Offsets are kept ascending over every loss by the clock: a term begins at the microseconds since 1970, and nobody
 * appends more than one entry in each. A clock set back is caught by the offset the caller knows.
 */
export const LIFE = `
local life, events, sources, ids = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local newEpoch = ARGV[1]
-- The highest offset that the caller knows of, and the highest that an entry has.
local known, seen = string.match(ARGV[2], '^(%d+) (%d+)$')
known, seen = tonumber(known), tonumber(seen)

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

-- A term that is over: where it ended, and where it had ended before it lost entries, as far as anybody has told.
local function ended(epoch, base, last, reached)
  return epoch .. ' ' .. base .. ' ' .. text(last) .. ' ' .. text(reached) .. ';'
end

-- A node that was not the first to come back may know of more that the term before lost.
local function remember(term)
  if seen == 0 or seen >= term.base or term.past == '' then return end
  local before, epoch, base, last, reached = string.match(term.past, '^(.-)(%w+) (%d+) (%d+) (%d+);$')
  if seen <= tonumber(reached) then return end
  term.past = before .. ended(epoch, base, tonumber(last), seen)
  redis.call('HSET', life, 'past', term.past)
end

-- The latest terms alone: an id of an older one is answered as one of another life, which is a gap, too.
local function lately(past)
  local _, count = string.gsub(past, ';', '')
  while count > 64 do
    past = string.gsub(past, '^[^;]*;', '', 1)
    count = count - 1
  end
  return past
end

local function open()
  local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local held = redis.call('HMGET', life, 'epoch', 'base', 'first', 'last', 'used', 'past', 'run')
  local term = held[1] and {
    epoch = held[1], base = tonumber(held[2]), first = tonumber(held[3]), last = tonumber(held[4]),
    used = held[5], past = held[6],
  }
  local lost = not term or (term.used == '1' and redis.call('EXISTS', events) == 0)
  if not lost and held[7] == run and known <= term.last then
    remember(term)
    return term
  end

  local time = redis.call('TIME')
  local base = math.max(time[1] * 1000000 + time[2], known, term and term.last or 0)
  if lost then
    redis.call('DEL', life, events, sources, ids)
    term = { first = base + 1, used = '0', past = '' }
  else
    term.past = lately(term.past .. ended(term.epoch, text(term.base), term.last, math.max(term.last, seen)))
  end
  term.epoch, term.base, term.last = newEpoch, base, base
  redis.call('HSET', life, 'epoch', newEpoch, 'base', text(base), 'first', text(term.first), 'last', text(base),
    'used', term.used, 'past', term.past, 'run', run)
  return term
end
`

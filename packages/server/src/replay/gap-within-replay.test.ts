import { lastValueFrom, take, toArray } from 'rxjs'
import { expect, it } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'
import type { EventLog } from '../log/event-log.ts'
import { fromLog } from '../log/from-log.ts'
import { memoryLog } from '../log/memory-log.ts'

/** A log that deletes what follows its first page before the second is read, and what asks it. */
function openTrimmedLog(): EventLog {
  const log = memoryLog({ capacity: 300, ids: 'message' })
  let last = 0
  const append = () => {
    last++
    const { offset } = log.append({ id: `m${last}`, data: `${last}`, topic: 'message' }, 'all') as {
      offset: number
    }
    expect(offset).toBe(last)
  }
  for (let n = 0; n < 300; n++) append()
  let reads = 0
  // It has no tail, so the sink delivers nothing of what is appended here.
  const { tail: _tail, ...rest } = log
  return {
    ...rest,
    since(after, bounds) {
      reads++
      if (reads === 2) for (let n = 0; n < 290; n++) append()
      return log.since(after, bounds)
    },
  }
}

const GAP = { from: 'm257', reason: 'trimmed' }

it('a gap in the middle of a replay names the id that the client has come to', async () => {
  const { url } = await serveTestSink({ log: openTrimmedLog() })
  const reader = await openReader(url, { headers: { 'last-event-id': 'm1' } })
  const events = await reader.take(258)
  expect(events[255]).toMatchObject({ data: '257', lastEventId: 'm257' })
  expect(events[256]).toMatchObject({ type: 'gap' })
  expect(JSON.parse(String(events[256]?.data))).toMatchObject(GAP)
  expect(events[257]).toMatchObject({ data: '291' })
})

it('a gap in the middle of `fromLog` names the id of the event before it', async () => {
  const events = fromLog(openTrimmedLog(), { from: 'm1', follow: false })
  const all = await lastValueFrom(events.pipe(take(258), toArray()))
  expect(all[256]).toMatchObject({ type: 'gap' })
  expect(JSON.parse(String(all[256]?.data))).toMatchObject(GAP)
})

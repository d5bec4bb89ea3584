import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openReader } from '../../test/reader.ts'
import { serveTestSink } from '../../test/serve.ts'
import { createTailedLog, type TailedLog } from '../../test/tailed-log.ts'
import type { EventLog } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { sqliteLog } from '../log/sqlite-log.ts'
import type { SinkOptions } from '../sink/sink-options.ts'

/** A log that other sinks have written to. `deliver` brings their entries to this sink's tail. */
const LOGS: readonly (readonly [string, () => { log: EventLog; deliver?: () => Promise<void> }])[] = [
  ['memoryLog', () => ({ log: memoryLog() })],
  [
    'sqliteLog that is opened again',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'rxsse-shared-log-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      sqliteLog({ path: join(folder, 'events.db') }).close()
      return { log: sqliteLog({ path: join(folder, 'events.db') }) }
    },
  ],
  [
    'log with a tail',
    () => {
      const log: TailedLog = createTailedLog()
      log.start()
      return { log, deliver: () => log.deliver() }
    },
  ],
]

/** What a client receives that resumes from the beginning, and one that was connected before. */
async function receive(
  open: (typeof LOGS)[number][1],
  options: SinkOptions,
  query = '',
): Promise<{ resumed: string[]; live: string[] | undefined }> {
  const { log, deliver } = open()
  const { id } = await log.head()
  const { url } = await serveTestSink({ log, rooms: { authorize: () => true }, ...options })
  const live = await openReader(`${url}/${query}`)
  await live.until(({ interpret }) => interpret().lastEventId !== '')
  const entries = [
    ['public.a', 'all'],
    ['internal.b', 'all'],
    ['public.c', { room: 'secret' }],
    ['public.d', { user: 'else' }],
    ['other', { room: 'r' }],
    ['public.e', { room: 'r' }],
    ['public.z', 'all'],
  ] as const
  for (const [topic, target] of entries) {
    await log.append({ type: topic.replace('other', 'public.x'), data: topic, topic }, target)
  }
  await deliver?.()
  const resumed = await openReader(`${url}/${query}`, { headers: { 'last-event-id': id } })
  await resumed.until(({ text }) => text().includes('public.z'))
  if (deliver !== undefined) await live.until(({ text }) => text().includes('public.z'))
  return {
    resumed: resumed.events().map(({ data }) => data),
    live: deliver && live.events().map(({ data }) => data),
  }
}

describe.each(LOGS)('a sink on a %s', (_name, open) => {
  it('sends only what `match` lets through, by the topic that was stored', async () => {
    const { resumed, live = resumed } = await receive(open, { match: 'public.*' })
    expect(resumed).toEqual(['public.a', 'public.z'])
    expect(live).toEqual(resumed)
  })

  it('sends a room and a user only what is for them', async () => {
    const identify = () => 'someone'
    const { resumed, live = resumed } = await receive(open, { match: 'public.*', identify }, '?room=r')
    expect(resumed).toEqual(['public.a', 'public.e', 'public.z'])
    expect(live).toEqual(resumed)
  })

  it('sends only the types of its events', async () => {
    const any = {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
    } as const
    const events = { 'public.a': any, 'public.z': any }
    const { resumed, live = resumed } = await receive(open, { events })
    expect(resumed).toEqual(['public.a', 'public.z'])
    expect(live).toEqual(resumed)
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { copies, openInWorker } from '../../test/cluster-channel.ts'
import { serveSinks } from '../adapter/serve-sinks.ts'
import { createSink, type Sink } from '../sink/sink.ts'
import type { EventLog } from './event-log.ts'
import { memoryLog } from './memory-log.ts'
import { sqliteLog } from './sqlite-log.ts'

const LOGS: readonly (readonly [string, () => EventLog])[] = [
  ['memoryLog', () => memoryLog()],
  [
    'sqliteLog',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'rxsse-log-users-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      return sqliteLog({ path: join(folder, 'events.db') })
    },
  ],
  ['clusterLog in a worker', () => openInWorker(memoryLog(), copies.json)],
]

const onError = () => {}

describe.each(LOGS)('sinks that share a %s', (_name, open) => {
  it('publish as long as they are open, and the last one closes the log', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('open', 'fail', 'close', 'close twice', 'publish'), { maxLength: 12 }),
        async (steps) => {
          let closed = 0
          const base = open()
          const close = () => {
            closed++
            return base.close()
          }
          const log: EventLog = { ...base, close }
          const sinks: Sink[] = [createSink({ log, onError })]
          for (const step of steps) {
            if (step === 'open') sinks.push(createSink({ log, onError }))
            else if (step === 'fail')
              expect(() => createSink({ log, onError, newcomers: 'all' as never })).toThrow()
            else if (step === 'publish') for (const sink of sinks) await sink.publish({ data: 1 })
            else if (sinks.length > 1) {
              const sink = sinks.shift()
              await Promise.all([sink?.close(), step === 'close twice' && sink?.close()])
            }
            expect(closed).toBe(0)
          }
          await Promise.all(sinks.map((sink) => sink.close()))
          expect(closed).toBe(1)
        },
      ),
      { numRuns: 30 },
    )
  })
})

it('the sinks of a server that share a log have all that was published before it closes', async () => {
  const base = memoryLog()
  let isOpen = true
  const log: EventLog = {
    ...base,
    // As a log that sends what it gets to another machine.
    async append(...args) {
      for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
      if (!isOpen) throw new Error('closed')
      return base.append(...args)
    },
    close() {
      isOpen = false
    },
  }
  const sinks = { quiet: createSink({ log, onError }), busy: createSink({ log, onError }) }
  const server = await serveSinks({ port: 0, sinks })
  const published = Array.from({ length: 50 }, (_, data) => sinks.busy.publish({ data }))
  await server.close()
  await Promise.all(published)
  expect((await log.head()).offset).toBe(50)
  expect(isOpen).toBe(false)
})

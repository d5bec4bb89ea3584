import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'
import { link } from '../../test/linked-cluster.ts'
import type { LogEntry, LoggedMessage, LogPage } from '../log/event-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { clusterLog } from './index.ts'

const message = (data: string): LoggedMessage => ({ data, topic: 'message' })
/** The bound of `link` is 1,000 characters, that of a message of the channel 2 ** 20. */
const LONG = 'x'.repeat(400_000)

describe('what one turn of the event loop publishes', () => {
  it('in the primary reaches a worker in short messages, from the log', async () => {
    const { worker, open, longest, settle } = link()
    const primary = open()
    const live: number[] = []
    await worker.tail((entries) => live.push(...entries.map(({ offset }) => offset)))
    for (let n = 0; n < 20; n++) await primary.append(message(LONG), 'all')
    for (let turn = 0; turn < 20; turn++) await settle()
    expect(live).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
    expect(longest.toWorker).toBeLessThan(2 * LONG.length)
  })

  it('in a worker reaches the primary in short messages, in order', async () => {
    const { worker, open, longest, log } = link()
    open()
    await worker.head()
    const appended = Array.from({ length: 20 }, (_, n) => worker.append(message(`${n} ${LONG}`), 'all'))
    const offsets = (await Promise.all(appended)).map(({ offset }) => offset)
    expect(offsets).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
    expect(longest.toPrimary).toBeLessThan(4 * LONG.length)
    const { entries } = (await log.since(0, { limit: 20 })) as LogPage
    expect(entries.map(({ message: { data } }) => Number.parseInt(data, 10))).toEqual([...offsets.keys()])
  })

  it('is answered in short messages', async () => {
    const { worker, open, longest, log } = link()
    open()
    await worker.head()
    for (let n = 0; n < 8; n++) await log.append(message(LONG), 'all', { sourceId: `${n}` })
    const again = Array.from({ length: 8 }, (_, n) =>
      worker.append(message('again'), 'all', { sourceId: `${n}` }),
    )
    expect((await Promise.all(again)).map(({ message: { data } }) => data)).toEqual(Array(8).fill(LONG))
    expect(longest.toWorker).toBeLessThan(4 * LONG.length)
  })
})

describe('a primary that hangs', () => {
  it('is sent a bounded number of calls; the others are given up, and never happen', async () => {
    const { worker, open, hold, heldMessages, scheduler, log, settle } = link()
    open()
    await worker.head()
    hold()
    const outcomes: Promise<string>[] = []
    for (let n = 0; n < 50; n++) {
      const appended = worker.append(message('x'.repeat(500)), 'all')
      outcomes.push(appended.then(String, ({ code, mayBeAppended }) => `${code} ${mayBeAppended}`))
      await settle()
    }
    const held = heldMessages()
    expect(held).toBeLessThan(5)
    scheduler.advance(1_000)
    const expected = Array.from({ length: 50 }, (_, n) => `timeout ${n < held}`)
    expect(await Promise.all(outcomes)).toEqual(expected)
    hold(false)
    await settle()
    expect((await worker.append(message('last'), 'all')).offset).toBe(held + 1)
    expect((await log.head()).offset).toBe(held + 1)
  })

  it('costs no memory for calls that have timed out', async () => {
    setFlagsFromString('--expose-gc')
    const collect: () => void = runInNewContext('gc')
    const { worker, open, hold, scheduler, settle } = link()
    open()
    await worker.head()
    hold()
    const messages: WeakRef<LoggedMessage>[] = []
    for (let n = 0; n < 300; n++) {
      const wanted = message('x'.repeat(2_000))
      messages.push(new WeakRef(wanted))
      worker.append(wanted, 'all').catch(() => {})
      await settle()
      scheduler.advance(100)
    }
    collect()
    // Ten wait for their timeout, and some more until they are removed.
    expect(messages.filter((each) => each.deref() !== undefined).length).toBeLessThan(200)
  })
})

it('a worker that begins its tail again while a page for it is read goes on', async () => {
  const base = memoryLog()
  const pages: (() => void)[] = []
  const { worker, open, holdPrimary, scheduler, settle } = link({
    ...base,
    since: (...args) =>
      new Promise<LogPage>((resolve) => pages.push(() => resolve(base.since(...args) as LogPage))),
  })
  const primary = open()
  await worker.head()
  holdPrimary()
  const lost = expect(Promise.resolve(worker.tail(() => {}))).rejects.toMatchObject({ code: 'timeout' })
  await settle()
  // More than the bound: the primary reads a page for it, which takes its time.
  for (let n = 0; n < 4; n++) {
    await primary.append(message('x'.repeat(600)), 'all')
    await settle()
  }
  scheduler.advance(1_000)
  await lost
  holdPrimary(false)
  await settle()
  expect(pages.length).toBe(1)
  const live: LogEntry[] = []
  await worker.tail((entries) => live.push(...entries))
  for (const page of pages.splice(0)) page()
  holdPrimary()
  for (let n = 0; n < 4; n++) {
    await primary.append(message('x'.repeat(600)), 'all')
    await settle()
  }
  holdPrimary(false)
  for (let turn = 0; turn < 20; turn++) {
    await settle()
    for (const page of pages.splice(0)) page()
  }
  expect(live.map(({ offset }) => offset)).toEqual([5, 6, 7, 8])
})

it('a message that the channel cannot carry is refused, in every process', async () => {
  const { worker, open } = link()
  const primary = open()
  await worker.head()
  const refused = { code: 'refused', message: expect.stringContaining('at most 67108864 characters') }
  const tooLong = message('x'.repeat(2 ** 26 + 1))
  await expect(worker.append(tooLong, 'all')).rejects.toMatchObject(refused)
  await expect(async () => primary.append(tooLong, 'all')).rejects.toMatchObject(refused)
  expect((await worker.append(message('a'), 'all')).offset).toBe(1)
})

it('a log that is closed a second time leaves the name to a later one', async () => {
  const log = clusterLog()
  await log.close()
  const later = clusterLog()
  onTestFinished(() => later.close())
  await log.close()
  expect(() => clusterLog()).toThrow("this process has a log named 'events'")
})

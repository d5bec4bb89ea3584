import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { link } from '../../test/linked-cluster.ts'
import { createTestSink } from '../../test/serve.ts'
import type { LogEntry, LogGap, LoggedMessage } from '../log/event-log.ts'
import { fromLog } from '../log/from-log.ts'
import { memoryLog } from '../log/memory-log.ts'
import { ClusterError, clusterLog } from './index.ts'

const message = (data: string): LoggedMessage => ({ data, topic: 'message' })

describe('clusterLog in one process', () => {
  it('is the log itself, with a tail', async () => {
    const log = clusterLog({ log: () => memoryLog({ capacity: 2 }) })
    onTestFinished(() => log.close())
    const live: string[] = []
    const { position } = await log.tail((entries) =>
      live.push(...entries.map(({ message: { data } }) => data)),
    )
    expect(position).toEqual(await log.head())
    await log.append(message('a'), 'all', { sourceId: 's' })
    await log.append(message('a'), 'all', { sourceId: 's' })
    await log.append(message('b'), 'all')
    await log.append(message('c'), 'all')
    expect(live).toEqual(['a', 'b', 'c'])
    expect((await log.since(position.id, { limit: 5 })).gap).toMatchObject({ reason: 'trimmed', missed: 1 })
  })

  it('publishes and resumes as without', async () => {
    const sink = createTestSink({ log: clusterLog() })
    const { id } = await sink.publish({ data: 1 })
    expect(id).toMatch(/-1$/)
    const response = await sink.fetch(new Request(`http://localhost/?lastEventId=${id?.replace(/1$/, '0')}`))
    const reader = response.body?.getReader()
    let text = ''
    while (!text.includes('data: 1')) text += new TextDecoder().decode((await reader?.read())?.value)
    await reader?.cancel()
  })

  it('counts permits of all sinks together, and gives them back once', async () => {
    const log = clusterLog()
    onTestFinished(() => log.close())
    const [one, two] = [await log.permits.take('u', 2), await log.permits.take('u', 2)]
    expect(await log.permits.take('u', 2)).toBeUndefined()
    one?.release()
    one?.release()
    const three = await log.permits.take('u', 2)
    expect(three).toBeDefined()
    expect(await log.permits.take('u', 2)).toBeUndefined()
    for (const permit of [two, three]) permit?.release()
  })

  it('is one for each name, until it is closed', async () => {
    const log = clusterLog()
    const other = clusterLog({ name: 'other' })
    onTestFinished(() => other.close())
    expect(() => clusterLog()).toThrow("this process has a log named 'events'")
    await log.close()
    await log.close()
    await expect(async () => log.append(message('a'), 'all')).rejects.toMatchObject({ code: 'closed' })
    await clusterLog().close()
  })

  it('closes if somebody else has closed its log, and says so', async () => {
    const base = memoryLog()
    const errors: unknown[] = []
    const log = clusterLog({ log: () => base, onError: (error) => errors.push(error) })
    const ended = new Promise((resolve) => fromLog(log).subscribe({ error: resolve }))
    await nextTurn()
    await base.close()
    expect(await ended).toMatchObject({ code: 'closed' })
    expect(errors.map(String)).toEqual(['Error: memoryLog: the log is closed'])
    await expect(async () => log.append(message('a'), 'all')).rejects.toMatchObject({ code: 'closed' })
    await log.close()
  })

  it('throws at once if an option is wrong', () => {
    expect(() => clusterLog({ timeout: 'soon' as never })).toThrow(TypeError)
    expect(() => clusterLog({ log: () => memoryLog({ capacity: 0 }) })).toThrow(/capacity/)
  })

  it('follows a log that has a tail itself', async () => {
    const base = memoryLog()
    let tell: (entries: readonly LogEntry[], gap?: LogGap) => void = () => {}
    const log = clusterLog({
      log: () => ({
        ...base,
        async tail(listener) {
          tell = listener
          return { position: await base.head(), stop() {} }
        },
      }),
    })
    onTestFinished(() => log.close())
    const live: number[] = []
    await log.tail((entries) => live.push(...entries.map(({ offset }) => offset)))
    const entry = await log.append(message('a'), 'all')
    expect(live).toEqual([])
    tell([entry])
    expect(live).toEqual([1])
  })
})

describe('an onError that fails itself', () => {
  const failures: Record<string, (error: unknown) => void> = {
    throws() {
      throw new Error('of onError')
    },
    'returns a promise that rejects': () => Promise.reject(new Error('of onError')),
  }

  it.each(Object.entries(failures))(
    'and %s costs no entry, of clusterLog or of fromLog',
    async (_, onError) => {
      const said = vi.spyOn(console, 'error').mockImplementation(() => {})
      onTestFinished(() => said.mockRestore())
      const base = memoryLog()
      let tell: (entries: readonly LogEntry[], gap?: LogGap) => void = () => {}
      const tailed = {
        ...base,
        async tail(listener: typeof tell) {
          tell = listener
          return { position: await base.head(), stop() {} }
        },
      }
      const log = clusterLog({ log: () => tailed, onError })
      onTestFinished(() => log.close())
      const live: number[] = []
      await log.tail((entries) => live.push(...entries.map(({ offset }) => offset)))
      const [one, two] = [await log.append(message('a'), 'all'), await log.append(message('b'), 'all')]
      const malformed = { ...one, message: { data: 5 } } as unknown as LogEntry
      tell([one, malformed, two])
      expect(live).toEqual([1, 2])

      const seen: string[] = []
      const subscription = fromLog(tailed, { onError }).subscribe(({ data }) => seen.push(data))
      await nextTurn()
      const [three, four] = [await base.append(message('c'), 'all'), await base.append(message('d'), 'all')]
      tell([three, malformed, four])
      expect(seen).toEqual(['c', 'd'])
      subscription.unsubscribe()
      await nextTurn()
      expect(said.mock.calls.map(String)).toContain('Error: of onError')
    },
  )
})

describe('a worker', () => {
  it('waits for a primary that opens its log later', async () => {
    const { worker, open, settle } = link()
    const head = worker.head()
    const appended = worker.append(message('a'), 'all')
    await settle()
    open()
    expect((await head).offset).toBe(0)
    expect((await appended).offset).toBe(1)
  })

  it('gives up a call after the timeout, and tells what to do', async () => {
    const { worker, scheduler, settle } = link()
    const lost = expect(worker.append(message('a'), 'all')).rejects.toMatchObject({
      code: 'timeout',
      mayBeAppended: false,
      message: expect.stringContaining('has to open the log with clusterLog'),
    })
    await settle()
    scheduler.advance(999)
    const later = expect(worker.head()).rejects.toMatchObject({ code: 'timeout' })
    scheduler.advance(1)
    await lost
    scheduler.advance(999)
    await later
  })

  it('does not append what it gave up before it was sent', async () => {
    const { worker, scheduler, open, log, settle } = link()
    const lost = expect(worker.append(message('a'), 'all')).rejects.toThrow(ClusterError)
    scheduler.advance(1_000)
    await lost
    open()
    await settle()
    expect((await worker.append(message('b'), 'all')).offset).toBe(1)
    expect((await log.head()).offset).toBe(1)
  })

  it('gives back a permit that comes too late', async () => {
    const { worker, scheduler, open, hold, settle } = link()
    const primary = open()
    await settle()
    hold()
    const lost = expect(Promise.resolve(worker.permits.take('u', 1))).rejects.toMatchObject({
      code: 'timeout',
    })
    await settle()
    scheduler.advance(1_000)
    await lost
    hold(false)
    await settle()
    expect(await primary.permits.take('u', 1)).toBeDefined()
  })

  it('begins its tail again after a timeout, without a hole', async () => {
    const { worker, scheduler, open, hold, settle } = link()
    open()
    await settle()
    hold()
    const lost = expect(Promise.resolve(worker.tail(() => {}))).rejects.toMatchObject({ code: 'timeout' })
    await settle()
    scheduler.advance(1_000)
    await lost
    hold(false)
    await worker.append(message('a'), 'all')
    const live: string[] = []
    const { position } = await worker.tail((entries) =>
      live.push(...entries.map(({ message: { data } }) => data)),
    )
    await worker.append(message('b'), 'all')
    await settle()
    expect(position.offset).toBe(1)
    expect(live).toEqual(['b'])
  })

  it('rejects what waits, and what comes, when the primary is gone', async () => {
    const { worker, open, hold, settle } = link()
    open()
    await settle()
    hold()
    const waiting = [worker.append(message('a'), 'all'), worker.head(), worker.since(0, { limit: 5 })]
    const lost = Promise.allSettled(waiting)
    await settle()
    worker.disconnected()
    const gone = { status: 'rejected', reason: expect.objectContaining({ code: 'disconnected' }) }
    expect(await lost).toEqual([gone, gone, gone])
    await expect(waiting[0]).rejects.toMatchObject({ mayBeAppended: true })
    await expect(worker.head()).rejects.toMatchObject({ code: 'disconnected' })
    await expect(worker.since(0, { limit: 5 })).rejects.toMatchObject({ code: 'disconnected' })
    await expect(async () => worker.tail(() => {})).rejects.toMatchObject({ code: 'disconnected' })
  })

  it.each([
    ['has closed the log', 'closed'],
    ['is gone', 'disconnected'],
  ])('is told that the primary %s, and so is who follows it', async (_what, code) => {
    const { worker, open, settle } = link()
    const primary = open()
    const [following, joining]: unknown[][] = [[], []]
    fromLog(worker).subscribe({ error: (error) => following?.push(error) })
    await settle()
    fromLog(worker).subscribe({ error: (error) => joining?.push(error) })
    if (code === 'closed') await primary.close()
    else worker.disconnected()
    await settle()
    const told = [expect.objectContaining({ code })]
    expect([following, joining]).toEqual([told, told])
    await expect(worker.head()).rejects.toMatchObject({ code })
    await expect(async () => worker.tail(() => {})).rejects.toMatchObject({ code })
  })

  it('is told why the log refused a message', async () => {
    const { worker, open } = link({
      ...memoryLog(),
      append: () => {
        throw new Error('database or disk is full')
      },
    })
    open()
    await expect(worker.append(message('a'), 'all')).rejects.toMatchObject({
      code: 'refused',
      message: 'database or disk is full',
    })
  })

  it('gets pages that are short in characters, too', async () => {
    const { worker, open, log } = link()
    open()
    for (let n = 0; n < 10; n++) await log.append(message('x'.repeat(100_000)), 'all')
    const { entries, end, more } = await worker.since(0, { limit: 10 })
    expect({ entries: entries.length, end, more }).toEqual({ entries: 2, end: 2, more: true })
    expect((await worker.since(8, { limit: 10 })).more).toBe(false)
  })
})

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { openClient } from '../../test/client.ts'
import { type ClusterProgram, eventually, isGone, startProgram } from '../../test/cluster-program-control.ts'
import { openReader, type Reader } from '../../test/reader.ts'

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-cluster-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'events.db')
}

/** More clients than workers, so that each worker has some: connections are dealt in turn. */
const CLIENTS = 6

describe.each(['json', 'advanced'] as const)(
  'workers whose channel has %s serialization',
  (serialization) => {
    let program: ClusterProgram
    beforeAll(async () => {
      program = await startProgram({ serialization })
    })
    afterAll(() => program[Symbol.asyncDispose]())

    it('deliver what any process publishes to the clients of all, in one order', async () => {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openClient(program.url)))
      const publishers = [undefined, ...(await program.workers())]
      await Promise.all(
        publishers.map(async (worker, at) => {
          for (let n = 0; n < 50; n++) await program.publish({ data: `${at}:${n}` }, worker)
        }),
      )
      await eventually(() => clients.every(({ events }) => events.length === 150))
      const [first] = clients
      for (const { events } of clients) expect(events).toEqual(first?.events)
      for (const at of publishers.keys()) {
        const own = first?.data().filter((data) => data.startsWith(`${at}:`))
        expect(own).toEqual(Array.from({ length: 50 }, (_, n) => `${at}:${n}`))
      }
    })

    it('keep any text, and to whom it is', async () => {
      const [all, room, user] = await Promise.all(
        ['', '?room=é', '?as=u'].map((query) => openClient(`${program.url}${query}`)),
      )
      const [worker] = await program.workers()
      const text = 'two\nlines \u0000 \ufeff 日本 😀'
      await program.publish({ data: text, type: 'ü', target: { room: 'é' } }, worker)
      await program.publish({ data: { n: 1 }, target: { user: 'u' } }, worker)
      await program.publish({ data: '' }, worker)
      await eventually(() => [all, room, user].every((client) => client?.data().at(-1) === ''))
      expect(all?.data()).toEqual([''])
      expect(room?.events[0]).toMatchObject({ type: 'ü', data: text })
      expect(user?.data()).toEqual(['{"n":1}', ''])
    })
  },
)

it('append a message once for its source id, also if all do so at the same time', async () => {
  await using program = await startProgram({ workers: 3 })
  const publishers = [undefined, ...(await program.workers())]
  const publications = Array.from({ length: 40 }, (_, n) => `${n % 5}`).map((sourceId, n) =>
    program.publish({ data: sourceId, sourceId }, publishers[n % publishers.length]),
  )
  const ids = await Promise.all(publications)
  expect(new Set(ids).size).toBe(5)
  const { page } = await program.ask({ since: program.origin, worker: publishers[1] ?? 0 })
  expect(page?.entries.map(({ message }) => message.data).sort()).toEqual(['0', '1', '2', '3', '4'])
})

it('resume the clients of a worker that was killed, and those of one that came later', async () => {
  await using program = await startProgram()
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => openClient(program.url, { lastEventId: program.origin })),
  )
  let published = 0
  const publish = async (count: number) => {
    for (let n = 0; n < count; n++) await program.publish({ data: published++ })
  }
  const all = () => Array.from({ length: published }, (_, n) => `${n}`)
  for (let round = 0; round < 3; round++) {
    await publish(20)
    const [victim = 0] = await program.workers()
    const killed = program.killWorker(victim)
    await publish(20)
    await killed
    await eventually(() => clients.every(({ events }) => events.length >= published))
  }
  for (const client of clients) expect(client.data()).toEqual(all())
  // Some of them have been at a worker that was killed.
  expect(clients.some(({ connections }) => connections > 1)).toBe(true)
  const [first, last] = await program.workers()
  for (const worker of [first, last]) {
    const { page } = await program.ask({ since: program.origin, worker: worker ?? 0 })
    expect(page?.entries.map(({ message }) => message.data)).toEqual(all())
  }
})

it('reject what a killed worker was asked to publish, and go on', async () => {
  await using program = await startProgram()
  const [victim = 0] = await program.workers()
  process.kill(victim, 'SIGSTOP')
  const lost = expect(program.publish({ data: 'lost', sourceId: 's' }, victim)).rejects.toThrow(
    'the worker died',
  )
  // The primary has passed the message on when it answers this.
  await program.ask({ since: program.origin })
  await program.killWorker(victim)
  await lost
  const [, other = 0] = await program.workers()
  await program.publish({ data: 'again', sourceId: 's' }, other)
  const { page } = await program.ask({ since: program.origin })
  expect(page?.entries.length).toBe(1)
})

describe('two workers', () => {
  let program: ClusterProgram
  beforeAll(async () => {
    program = await startProgram()
  })
  afterAll(() => program[Symbol.asyncDispose]())

  it('add up what they have done', async () => {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openClient(program.url)))
    const [one, other] = await program.workers()
    for (const worker of [undefined, one, other]) await program.publish({ data: 'x' }, worker)
    await eventually(() => clients.every(({ events }) => events.length === 3))
    const { stats } = await program.ask({ stats: true })
    expect(stats?.events).toMatchObject({
      connections: CLIENTS,
      opened: CLIENTS,
      published: 3,
      delivered: 3 * CLIENTS,
    })
  })

  it('end the connections of a user at every worker, whichever process gives the order', async () => {
    const [worker = 0] = await program.workers()
    for (const [round, by] of [undefined, worker].entries()) {
      const [banned, other] = [`a${round}`, `b${round}`]
      const readers: Reader[] = []
      // Connections are dealt in turn, so each worker has one of each user.
      for (const user of [banned, banned, other, other])
        readers.push(await openReader(`${program.url}?as=${user}`))
      await program.ask({ disconnect: { user: banned }, ...(by !== undefined && { worker: by }) })
      await program.publish({ data: 'more' })
      for (const reader of readers.slice(0, 2)) expect(await reader.ended).toBe('end')
      for (const reader of readers.slice(2)) {
        expect((await reader.take(1)).map(({ data }) => data)).toEqual(['more'])
        reader.close()
      }
    }
    const count = async () => (await program.ask({ stats: true })).stats?.events?.connections
    await expect.poll(count).toBe(0)
  })

  // The last one, because it kills a worker.
  it('count the connections of a user together, and give back those of a killed worker', async () => {
    const url = `${program.url}?as=u`
    const readers = [await openReader(url), await openReader(url)]
    for (let n = 0; n < 4; n++) expect(await (await openReader(url)).ended).toBe('end')
    expect(await program.ask({ stats: true })).toMatchObject({ stats: { events: { connections: 2 } } })
    const [victim = 0] = await program.workers()
    await program.killWorker(victim)
    // Connections are dealt in turn, so one of the two was there.
    const cut = await Promise.race(readers.map(async ({ ended }, at) => ((await ended) === 'cut' ? at : -1)))
    expect(cut).toBeGreaterThanOrEqual(0)
    const back = await openReader(url)
    expect(await (await openReader(url)).ended).toBe('end')
    await program.publish({ data: 'here' })
    for (const reader of [back, readers[1 - cut]]) await reader?.take(1)
    for (const reader of [back, ...readers]) reader.close()
  })
})

it('let a worker that hangs catch up, at the cost of a bounded buffer', { timeout: 60_000 }, async () => {
  await using program = await startProgram()
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => openClient(program.url, { lastEventId: program.origin })),
  )
  const [worker = 0] = await program.workers()
  process.kill(worker, 'SIGSTOP')
  // Ten times what the primary keeps for it.
  const filler = 'x'.repeat(10_000)
  for (let batch = 0; batch < 10; batch++)
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => program.publish({ data: `${batch * 100 + n} ${filler}` })),
    )
  process.kill(worker, 'SIGCONT')
  await program.publish({ data: 'end' }, worker)
  await eventually(() => clients.every((client) => client.data().at(-1) === 'end'))
  const wanted = [...Array.from({ length: 1_000 }, (_, n) => `${n}`), 'end']
  for (const client of clients) expect(client.data().map((data) => data.split(' ')[0])).toEqual(wanted)
  for (const { events } of clients) expect(events.filter(({ type }) => type !== 'message')).toEqual([])
})

it('end with the primary, and everybody resumes at the next one', async () => {
  const path = temporaryFile()
  await using program = await startProgram({ path })
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => openClient(program.url, { lastEventId: program.origin })),
  )
  for (let n = 0; n < 10; n++) await program.publish({ data: n })
  const workers = await program.workers()
  program.child.kill('SIGKILL')
  await once(program.child, 'exit')
  await Promise.all(workers.map(isGone))
  await using next = await startProgram({ path, port: program.port })
  for (let n = 10; n < 20; n++) await next.publish({ data: n }, (await next.workers())[0])
  await eventually(() => clients.every(({ events }) => events.length === 20))
  for (const client of clients) expect(client.data()).toEqual(Array.from({ length: 20 }, (_, n) => `${n}`))
})

it('close together: clients are told when to come back, and every process ends', async () => {
  await using program = await startProgram()
  const readers = await Promise.all(Array.from({ length: CLIENTS }, () => openReader(program.url)))
  const workers = await program.workers()
  expect(await program.ask({ close: true })).toMatchObject({ closed: true })
  for (const reader of readers) {
    expect(await reader.ended).toBe('end')
    expect(reader.text()).toMatch(/retry: \d+\n$/)
  }
  await Promise.all(workers.map(isGone))
})

it('goes on while no process can be started, and replaces its workers when that is over', async () => {
  await using program = await startProgram()
  const [pid = 0, other] = await program.workers()
  await program.ask({ executable: '/nowhere/node' })
  process.kill(pid, 'SIGKILL')
  const untilWorkers = async (accept: (pids: readonly number[]) => boolean) => {
    while (!accept(await program.workers())) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await untilWorkers((pids) => !pids.includes(pid))
  const client = await openClient(program.url)
  // Several attempts have failed by then.
  await new Promise((resolve) => setTimeout(resolve, 300))
  await program.publish({ data: 'meanwhile' }, other)
  await eventually(() => client.data().includes('meanwhile'))
  await program.ask({ executable: process.execPath })
  await untilWorkers((pids) => pids.length === 2)
})

it.each([
  ['could not be started', "exec: '/nowhere/program.js'", 'Error: spawn /nowhere/node ENOENT'],
  ['could not even be tried', '', 'TypeError [ERR_INVALID_ARG_TYPE]'],
])('does not start with a worker that %s', (_, settings, reason) => {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', unstartable(settings)],
    {
      cwd: new URL('.', import.meta.url),
      encoding: 'utf8',
    },
  )
  expect(stderr).toContain(`Error: serveSinks: a worker ended with ${reason}`)
  expect(status).not.toBe(0)
})

/** A program in which no worker can be started. */
function unstartable(settings: string): string {
  return `
    import cluster from 'node:cluster'
    import { serveSinks } from '../adapter/serve-sinks.ts'
    import { createSink } from '../sink/sink.ts'
    cluster.setupPrimary({ ${settings} })
    process.execPath = '/nowhere/node'
    await serveSinks({ workers: 1, port: 0, sinks: { events: createSink() } })
  `
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromEventSource, type SseEvent } from '@rxsse/core'
import { onSmallDisk } from '@rxsse/testing/programs'
import { expect, it, onTestFinished } from 'vitest'
import type { Command, Reply } from '../../test/small-disk-server.ts'

interface SmallDisk {
  start(folder: string): ChildProcess
  fill(child: ChildProcess, ask: Ask): unknown
  free(child: ChildProcess, ask: Ask): unknown
  /** SQLite's error. */
  readonly error: RegExp
}

type Ask = (order: Command) => Promise<Reply>

/** Small, so that old entries are deleted during the whole test. */
const CAPACITY = 50

const program = new URL('../../test/small-disk-server.ts', import.meta.url).pathname
const nodeCommand = (folder: string) => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  program,
  folder,
  `${CAPACITY}`,
]
const start = ([command = '', ...args]: readonly string[]) =>
  spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
const limit = ({ pid }: ChildProcess, bytes: number | 'unlimited') =>
  spawnSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:unlimited`])

const disks: Record<string, SmallDisk> = {
  ...(onSmallDisk(tmpdir(), 65_536, ['true']) !== undefined && {
    'whose disk is full': {
      start: (folder) => start(onSmallDisk(folder, 16_777_216, nodeCommand(folder)) ?? []),
      fill: (_, ask) => ask({ fill: true }),
      free: (_, ask) => ask({ free: true }),
      error: /^log: database or disk is full$/,
    },
  }),
  ...(spawnSync('prlimit', ['--version']).status === 0 && {
    'whose files may not grow': {
      start: (folder) => start(nodeCommand(folder)),
      fill: (child) => limit(child, 0),
      free: (child) => limit(child, 'unlimited'),
      error: /^log: disk I\/O error$/,
    },
  }),
}

it.each(Object.entries(disks))(
  'a sqliteLog %s refuses messages, keeps its clients, and continues when there is room again',
  { timeout: 120_000 },
  async (_, disk) => {
    const folder = mkdtempSync(join(tmpdir(), 'rxsse-full-disk-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const child = disk.start(folder)
    onTestFinished(async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
    const answered = async () => (await once(child, 'message'))[0] as Reply
    const ask: Ask = (order) => {
      const answer = answered()
      child.send(order)
      return answer
    }
    const started = await answered()
    if (!('port' in started)) throw new Error('the server did not start')
    const url = `http://127.0.0.1:${started.port}/`

    const confirmed: string[] = []
    const refused: string[] = []
    let published = 0
    const publish = async (data: string) => {
      const answer = await ask({ publish: data })
      if ('id' in answer) confirmed.push(data)
      else refused.push(data)
      return answer
    }
    const next = () => publish(`${++published} ${'x'.repeat(published % 7 === 0 ? 20_000 : 300)}`)

    const live = follow(url, started.origin)
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 20; n++) expect(await next()).toHaveProperty('id')
      await disk.fill(child, ask)
      // Free space within the file's pages may still take some messages.
      while ('id' in (await next()));
      const answers: Reply[] = []
      for (let n = 0; n < 20; n++) answers.push(await next())
      expect(answers).toContainEqual({ refused: expect.stringMatching(disk.error) })
      // A client that connects now gets the stored entries.
      const late = follow(url, started.origin)
      await expect.poll(() => late.data().at(-1)).toBe(confirmed.at(-1))
      expect(late.data()).toEqual(confirmed.slice(-CAPACITY))
      await disk.free(child, ask)
    }
    // Publishing again with the same source id adds nothing if the entry was stored after all.
    for (const data of refused.splice(0)) await publish(data)
    expect(refused).toEqual([])

    await expect.poll(() => live.data().length).toBe(confirmed.length)
    expect(live.data()).toEqual(confirmed)
    expect(live.connections()).toBe(1)
    expect(new Set(live.events.map(({ lastEventId }) => lastEventId)).size).toBe(confirmed.length)
    const left = await ask({ close: true })
    if (!('held' in left)) throw new Error('the log could not be inspected')
    expect(left.integrity).toBe('ok')
    expect(left.held.slice(-CAPACITY)).toEqual(confirmed.slice(-CAPACITY))
  },
)

function follow(url: string, lastEventId: string) {
  const events: SseEvent[] = []
  let connections = 0
  const subscription = fromEventSource(url, {
    lastEventId,
    state: { next: ({ status }) => void (status === 'open' && connections++) },
  }).subscribe((event) => events.push(event))
  onTestFinished(() => subscription.unsubscribe())
  return {
    events,
    data: () => events.filter(({ type }) => type !== 'gap').map(({ data }) => data),
    connections: () => connections,
  }
}

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CHILD_ENV } from '../child-env.ts'
import { fillDisk } from '../fill-disk.ts'
import { corruptNewest } from './corrupt-newest.ts'
import type { JobMessage } from './job-process.ts'
import { LEASE_LOST } from './lease-lost.ts'

const PROGRAM = fileURLToPath(new URL('./job-process.ts', import.meta.url))

export interface KilledRun {
  /** The address of the feeds. */
  readonly url: string
  readonly feeds: 1 | 2
  readonly kind: string
  readonly path: string
  /** How often the process is killed before it may end. */
  readonly kills: number
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number
  /** What goes wrong besides: the newest snapshot is damaged while no process runs, or the disk is full for a while. */
  readonly fault?: 'corrupt' | 'full'
}

/** What was seen in all lives of a job. */
export interface Seen {
  kills: number
  /** Lives that went on from a snapshot. */
  restored: number
  /** Damaged snapshots that a life has found. */
  damaged: number
  /** Saves that failed. */
  failedSaves: number
  /** Results that came again with an id that the log has. */
  repeated: number
  /** The log. It ignores an id that it has. */
  readonly log: Map<string, unknown>
}

/** Runs a job in a process that is killed at random moments, until its streams end. */
export async function runKilled(run: KilledRun): Promise<Seen> {
  const seen: Seen = { kills: 0, restored: 0, damaged: 0, failedSaves: 0, repeated: 0, log: new Map() }
  for (let isOver = false; !isOver; ) {
    const isLast = seen.kills >= run.kills
    isOver = await runLife(run, seen, isLast ? undefined : createEnd(run.random))
    if (!isOver) seen.kills++
    if (run.fault === 'corrupt' && !isOver && run.random() < 0.4) await corruptNewest(run.kind, run.path)
  }
  return seen
}

/** When a process is killed: some time after it has saved this many snapshots, or after its start. */
interface End {
  readonly saves: number | 'start'
  /** Milliseconds. */
  readonly delay: number
}

function createEnd(random: () => number): End {
  if (random() < 0.1) return { saves: 'start', delay: random() * 400 }
  return { saves: Math.floor(random() * 3), delay: random() * 80 }
}

/** Runs one process. Returns whether it has ended by itself. */
async function runLife({ url, kind, path, feeds, random, fault }: KilledRun, seen: Seen, end?: End) {
  const child = fork(PROGRAM, [url, kind, path, String(feeds)], {
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: CHILD_ENV,
    serialization: 'advanced',
  })
  const kill = () => child.kill('SIGKILL')
  const timers = end?.saves === 'start' ? [setTimeout(kill, end.delay)] : []
  const filler = fault === 'full' && random() < 0.5 ? `${path}.filler` : undefined
  let answers = 0
  let isFirst = true
  child.on('message', (message: JobMessage) => {
    if ('id' in message) {
      if (seen.log.has(message.id)) seen.repeated++
      else seen.log.set(message.id, message.value)
      // The channel may be gone already. Every seventh answer comes late.
      const answer = () => child.connected && child.send(message.id, () => {})
      if (++answers % 7 === 0) setTimeout(answer, 5)
      else answer()
    } else {
      if (isFirst && message.restoredFrom > 0) seen.restored++
      if (isFirst) seen.damaged += message.damaged
      if (isFirst && filler !== undefined) {
        timers.push(setTimeout(() => fillDisk(filler), random() * 60))
        timers.push(setTimeout(() => rmSync(filler, { force: true }), 120))
      }
      if (message.failedSave !== undefined) seen.failedSaves++
      isFirst = false
      if (message.saved - message.restoredFrom === end?.saves) timers.push(setTimeout(kill, end.delay))
    }
  })
  const [code, signal] = await once(child, 'exit')
  for (const timer of timers) clearTimeout(timer)
  if (filler !== undefined) rmSync(filler, { force: true })
  if (signal === null && code !== 0 && code !== LEASE_LOST) throw new Error(`the job has failed: ${code}`)
  return code === 0
}

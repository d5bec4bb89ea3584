import { readdirSync, readFileSync } from 'node:fs'

/** Microseconds of CPU time that all threads of a process have taken, as Linux counts them. */
export function cpuTime(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0])
  }
  return nanoseconds / 1_000
}

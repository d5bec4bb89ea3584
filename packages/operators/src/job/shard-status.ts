import { IDLE, type JobStatus, type ShardStatus } from './job-status.ts'

/** What a job does as a whole. `shards`: those that are here. `phase` is that of the job if none is. */
export function combineStatuses(
  phase: 'idle' | 'standing-by' | 'failed',
  error: unknown,
  shards: readonly ShardStatus[],
): JobStatus {
  const phases = new Set(shards.map((shard) => shard.phase))
  const busiest = (['restoring', 'snapshotting', 'running'] as const).find((each) => phases.has(each))
  const saved = shards.flatMap((shard) => shard.saved ?? [])
  const sum = (count: (shard: ShardStatus) => number) =>
    shards.reduce((total, shard) => total + count(shard), 0)
  const find = <T>(read: (shard: ShardStatus) => T) => shards.map(read).find((value) => value !== undefined)
  return {
    ...IDLE,
    phase: phase === 'standing-by' ? (busiest ?? phase) : phase,
    damaged: shards.flatMap(({ damaged }) => damaged),
    discarded: shards.flatMap(({ discarded }) => discarded),
    unclaimed: [...new Set(shards.flatMap(({ unclaimed }) => unclaimed))],
    delivery: shards.some(({ delivery }) => delivery === 'when-saved') ? 'when-saved' : 'at-once',
    saved: saved.sort((a, b) => a.time - b.time)[0],
    unsaved: sum(({ unsaved }) => unsaved),
    pending: sum(({ pending }) => pending),
    waitingFor: find(({ waitingFor }) => waitingFor),
    saveError: find(({ saveError }) => saveError),
    error,
    shards,
  }
}

import { OTHER_COUNT } from '../scripts/store.lua.ts'

/**
 * The error of a node that runs a job with another number of shards than the others. Nobody could tell which shard a key
 * belongs to. Undefined if Redis has refused the call for another reason. `count`: the number here, 0 for a job without shards.
 */
export function createCountError(error: unknown, count: number): TypeError | undefined {
  const [, stored] = new RegExp(`^${OTHER_COUNT} (\\d+)`).exec(String((error as Error).message)) ?? []
  if (stored === undefined) return undefined
  const numbers = `${stored === '0' ? 'no' : stored} shards, and ${count === 0 ? 'none' : count} here`
  return new TypeError(
    `redisStore: this job has ${numbers}. Give all nodes the same number, or begin anew with another name of the job`,
  )
}

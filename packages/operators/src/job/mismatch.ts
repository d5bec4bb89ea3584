import type { SavedPart } from './snapshot-format.ts'

/** Why a saved state is not one of this operator, if it is not. */
export function findMismatch(
  saved: Pick<SavedPart, 'name' | 'operator' | 'shape'>,
  now: Pick<SavedPart, 'operator' | 'shape'>,
): string | undefined {
  const stage = `createJob: the stage "${saved.name}" was saved`
  if (saved.operator !== now.operator) return `${stage} by ${saved.operator}, and ${now.operator} uses it now`
  for (const name of Object.keys({ ...saved.shape, ...now.shape })) {
    const [before, after] = [describe(saved.shape[name]), describe(now.shape[name])]
    if (before !== after) return `${stage} with ${now.operator}'s ${name} ${before}, which is ${after} now`
  }
  return undefined
}

/** Equal exactly for equal values. */
function describe(value: unknown): string {
  const text = JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'number' && !Number.isFinite(each) ? String(each) : each,
  )
  return text ?? 'undefined'
}

/** Another number of shards gives keys to other shards, whose states and feeds are not as far. */
export function checkShards(saved: number | undefined, now: number | undefined): void {
  if (saved === now) return
  const describe = (count: number | undefined) => (count === undefined ? 'no shards' : `${count} shards`)
  throw new Error(
    `createJob: the job was saved with ${describe(saved)}, and has ${describe(now)} now. Go back to the former number, or begin anew with a store of another name`,
  )
}

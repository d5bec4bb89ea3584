import { asyncScheduler } from 'rxjs'
import { expect, it } from 'vitest'
import type { Outcome } from '../connection/connection.ts'
import { shareOutScript } from '../scripts/script.ts'
import type { LeaseHolder } from './lease-holder.ts'
import { ShardAllocator } from './shard-allocator.ts'
import { createShardKeys } from './store-keys.ts'

it('leaves after its last call is answered, and gives back what it got, so that it does not enter again', async () => {
  const calls: string[] = []
  let answer = (_: Outcome<unknown>) => {}
  const answered = new Promise<Outcome<unknown>>((resolve) => {
    answer = resolve
  })
  const holder = {
    token: undefined,
    isWanted: false,
    giveBack: async (token: string) => void calls.push(`give back ${token}`),
  }
  const allocator = new ShardAllocator({
    shards: [{ holder: holder as unknown as LeaseHolder, keys: createShardKeys('key', 'job', 0) }],
    duration: 10_000,
    scheduler: asyncScheduler,
    async run(script) {
      if (script !== shareOutScript) {
        calls.push('leave')
        return { answer: 1 }
      }
      calls.push('ask')
      return answered
    },
    reportFailure() {},
  })
  void allocator.acquire(0).granted
  await expect.poll(() => calls).toEqual(['ask'])
  const closed = allocator.close()
  answer({ answer: [1, 0, 'token'] })
  await closed
  expect(calls).toEqual(['ask', 'give back token', 'leave'])
})

// A node of a job: it waits for the right to run it, then publishes and saves as fast as it can. It tells its parent what it
// does. Arguments: the URL of Redis, the key, the duration of the lease.
import { flushCompileCache } from 'node:module'
import { redisLog, redisStore } from '../../src/index.ts'

// It may be killed, and would not save it then.
flushCompileCache()

export type JobReport =
  | { readonly is: 'leading'; readonly number: number; readonly token: string }
  | { readonly is: 'saved' | 'published'; readonly number: number }
  | { readonly is: 'lost'; readonly reason: string }
  | { readonly is: 'refused'; readonly what: 'append' | 'save'; readonly code: string }

const [url = '', key = '', lease = ''] = process.argv.slice(2)
const tell = (report: JobReport) => process.send?.(report)
process.on('disconnect', () => process.exit())

const store = redisStore({ url, key, lease: Number(lease), onError: () => {} })
const log = redisLog({ url, key, fence: store, onError: () => {} })

for (;;) {
  const held = await store.acquire().granted
  const token = store.token ?? ''
  let isLost = false
  held.onLost((reason) => {
    isLost = true
    tell({ is: 'lost', reason: reason.message })
  })
  let number = (await store.load())?.number ?? 0
  tell({ is: 'leading', number, token })
  while (!isLost) {
    number++
    try {
      await log.append({ data: `${number} ${token}`, topic: '' }, 'all', { sourceId: `${number}` })
      tell({ is: 'published', number })
    } catch (error) {
      tell({ is: 'refused', what: 'append', code: (error as { code: string }).code })
      break
    }
    try {
      await store.save({ number, chunks: [new Uint8Array(1_000).fill(number)] })
      tell({ is: 'saved', number })
    } catch (error) {
      tell({ is: 'refused', what: 'save', code: (error as { code: string }).code })
      break
    }
  }
  await held.release()
}

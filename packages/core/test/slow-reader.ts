// A process that reads a firehose more slowly than it could come, and tells how its memory grew meanwhile.
import { setImmediate } from 'node:timers/promises'
import { iterateEventSource } from '@rxsse/core'

const [url] = process.argv.slice(2) as [string]
const warmUp = 20_000
let count = 0
let before = 0
let most = 0

for await (const _ of iterateEventSource(url)) {
  count += 1
  if (count % 50 !== 0) continue
  await setImmediate()
  const { rss } = process.memoryUsage()
  if (count === warmUp) before = rss
  most = Math.max(most, rss)
  if (count === 10 * warmUp) break
}
process.send?.({ grown: most - before })
process.disconnect()

// The same packages by `require`: the same modules, and the same RxJS, as `import` gets.
const assert = require('node:assert/strict')
const { fromEventSource } = require('@rxsse/core')
const { data } = require('@rxsse/operators')
const { createSink } = require('@rxsse/server')
const { redisLog } = require('@rxsse/redis')
const { createScriptedServer } = require('@rxsse/testing')
const { firstValueFrom, Observable } = require('rxjs')

for (const entry of [
  'core/config',
  'core/event-source',
  'core/tabs',
  'operators/arrow',
  'operators/store',
  'server/cluster',
  'server/config',
  'server/otel',
  'testing/programs',
])
  assert(Object.keys(require(`@rxsse/${entry}`)).length > 0)

async function main() {
  assert.equal((await import('@rxsse/core')).fromEventSource, fromEventSource)
  assert.equal(typeof createSink().handler, 'function')
  assert.equal(typeof redisLog, 'function')
  const feed = await createScriptedServer([{ status: 200, body: ['data: a\n\n', 'HOLD'] }])
  const texts = fromEventSource(feed.url).pipe(data())
  assert(texts instanceof Observable)
  assert.equal(await firstValueFrom(texts), 'a')
  await feed.close()
  console.log('from CommonJS, by require, the same')
}
main()

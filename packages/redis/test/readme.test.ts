import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSink } from '@rxsse/server'
import { freePort } from '@rxsse/testing/programs'
import { expect, it, onTestFinished } from 'vitest'
import { CHILD_ENV } from './child-env.ts'
import { type Client, openClient } from './local-node.ts'
import { redisPath } from './redis.ts'
import { setUpRedis } from './set-up.ts'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(packageFolder, 'README.md'), 'utf8')
const examples = Array.from(readme.matchAll(/^```ts\n(.+?)^```$/gms), ([, code]) => code ?? '')

/** Writes an example to a file within the package, so that it finds that by its name. */
function fileOf(example: number): string {
  const results = join(packageFolder, '.results')
  mkdirSync(results, { recursive: true })
  const folder = mkdtempSync(join(results, 'readme-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'example.ts')
  writeFileSync(path, examples[example] ?? '')
  return path
}

it.skipIf(redisPath === undefined)(
  'the clients of the first example, started twice, get the ticks of both nodes',
  async () => {
    const redis = await setUpRedis()
    const path = fileOf(0)
    const clients: Client[] = []
    for (let n = 0; n < 2; n++) {
      const port = await freePort()
      const child = spawn(process.execPath, [path], {
        env: { ...CHILD_ENV, REDIS_URL: redis.url, PORT: `${port}` },
        stdio: 'inherit',
      })
      onTestFinished(async () => {
        child.kill()
        await once(child, 'exit')
      })
      clients.push(await openClient(`http://127.0.0.1:${port}/`))
    }
    const by = (data: readonly string[]) => new Set(data.map((tick) => JSON.parse(tick).by))
    await expect.poll(() => clients.every((client) => by(client.data()).size === 2)).toBe(true)
  },
)

it('the second example says whether the order was published', async () => {
  const { publishOrder } = await import(fileOf(1))
  const sink = createSink()
  expect(await publishOrder(sink, { id: '1', user: 'u' })).toBe(true)
  await sink.close()
  await expect(publishOrder(sink, { id: '2', user: 'u' })).rejects.toThrow('closed')
  expect(examples.length).toBe(4)
})

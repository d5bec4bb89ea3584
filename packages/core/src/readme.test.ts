import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Attempt, createScriptedServer, type RecordedRequest } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
// Within the package, so that an example finds it by its name.
const results = join(packageFolder, '.results')
mkdirSync(results, { recursive: true })
const examples = readFileSync(join(packageFolder, 'README.md'), 'utf8')
  .split(/^## /m)
  .flatMap((section, index) => {
    const title = index === 0 ? 'the first example' : (section.split('\n', 1)[0] as string)
    return Array.from(section.matchAll(/^```ts\n(.+?)^```$/gms), ([, code]) => ({
      title,
      code: code as string,
    }))
  })

/** What example.com is. */
function answer({ path, lastEventId, headers }: RecordedRequest): Attempt | undefined {
  switch (path) {
    case '/prices':
      return Number(lastEventId) >= 3
        ? undefined
        : {
            status: 200,
            body: [1, 2, 3]
              .filter((id) => id > Number(lastEventId))
              .map((id) => `event: price\nid: ${id}\ndata: ${id}.5\n\n`),
          }
    case '/orders':
      if (headers.authorization !== 'Bearer fresh') return { status: 401, body: ['expired'] }
      return lastEventId === '' ? { status: 200, body: ['id: 1\ndata: an order\n\n'] } : undefined
    case '/chat':
      return { status: 200, body: ['data: {"text": "Hi"}\n\ndata: [DONE]\n\n', 'HOLD'] }
    default:
      return lastEventId === '' ? { status: 200, body: ['id: 7\ndata: a\n\n', 'CUT'] } : undefined
  }
}

const printed: Readonly<Record<string, readonly string[]>> = {
  'the first example': ['price 1.5 1', 'price 2.5 2', 'price 3.5 3'],
  'A token that expires': ['an order'],
  'One response': ['Hi', 'done'],
  'Watching the connection': [
    "connection 1 resumes after ''",
    'open with 200',
    'lost: network; again in 100 ms',
    "connection 2 resumes after '7'",
    'over: complete',
  ],
  'A reader that cannot keep up': ['stored 1.5', 'stored 2.5', 'stored 3.5'],
  'Resuming after a restart': ['dealt with 1', 'dealt with 2'],
  'Runtimes and transports': ['1.5', '2.5', '3.5'],
  'Trying an endpoint': ['constructed', 'connecting', 'open', 'event'],
  'From a configuration': ['price 1.5', 'price 2.5', 'price 3.5'],
}

describe('the README', () => {
  for (const [index, example] of examples.entries()) {
    it(`runs as it says: example ${index + 1}, ${example.title}`, async () => {
      await using server = await createScriptedServer(answer)
      const folder = mkdtempSync(join(results, 'readme-'))
      try {
        writeFileSync(join(folder, 'example.ts'), example.code.replaceAll('https://example.com/', server.url))
        const { stdout, stderr } = await promisify(execFile)(process.execPath, ['example.ts'], {
          cwd: folder,
        })
        expect(stderr).toBe('')
        expect(stdout.trimEnd().split('\n')).toEqual(printed[example.title])
      } finally {
        rmSync(folder, { recursive: true })
      }
    })
  }
})

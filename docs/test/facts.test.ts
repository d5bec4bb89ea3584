import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { httpCases } from '@rxsse/testing'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8')

it('pages that count the conformance cases count them right', () => {
  const counts = globSync(['docs/*.md', 'docs/migration/*.md', 'packages/testing/README.md'], {
    cwd: root,
  }).flatMap((path) =>
    Array.from(read(path).matchAll(/(?:of the |of |\()(\d+) (?:\[?conformance )?cases/g), ([, n]) =>
      Number(n),
    ),
  )
  expect(counts.length).toBeGreaterThan(2)
  expect(new Set(counts)).toEqual(new Set([httpCases.length]))
})

it('the README tells the times of the demo as they are', () => {
  const readme = read('README.md')
  const [, shortest, spread] =
    /(\d+)_000 \+ Math\.random\(\) \* (\d+)_000/.exec(read('packages/demo/src/feed/main.ts')) ?? []
  expect(readme).toContain(`every ${shortest} to ${Number(shortest) + Number(spread)} seconds`)
  expect(read('packages/demo/src/page/index.html')).toContain(
    `every ${shortest} to ${Number(shortest) + Number(spread)} seconds`,
  )
  expect(read('packages/demo/src/node/run-replay.ts')).toContain("every: '2s'")
  expect(readme).toContain('saves its state every two seconds')
})

it('the examples ask for the version that is released next', () => {
  const { version } = JSON.parse(read('packages/core/package.json'))
  const released = version === '0.0.0' ? '0.1.0' : version
  for (const path of globSync('docs/examples/*/package.json', { cwd: root })) {
    const { dependencies } = JSON.parse(read(path)) as { dependencies: Record<string, string> }
    const ours = Object.entries(dependencies).filter(([name]) => name.startsWith('@rxsse/'))
    // A caret before 1.0 holds the minor version.
    for (const [name, range] of ours)
      expect(range, `${path}: ${name}`).toBe(`^${released.replace(/\.\d+$/, '.0')}`)
  }
})

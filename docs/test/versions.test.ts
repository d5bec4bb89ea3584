import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

it('the page of versions lists every entry of every published package, and nothing else', () => {
  const entries = globSync('packages/*/package.json', { cwd: root })
    .map((path): { name: string; private?: boolean; exports: object } => JSON.parse(read(path)))
    .filter((manifest) => !manifest.private)
    .flatMap(({ name, exports }) => Object.keys(exports).map((entry) => name + entry.slice(1)))
  const listed = Array.from(
    read('docs/versions.md').matchAll(/^\| `(@rxsse\/[^`]+)`/gm),
    ([, entry]) => entry,
  )
  expect(listed.sort()).toEqual(entries.sort())
})

it('all published packages are released together', () => {
  const names = globSync('packages/*/package.json', { cwd: root })
    .map((path): { name: string; private?: boolean } => JSON.parse(read(path)))
    .flatMap((manifest) => (manifest.private ? [] : [manifest.name]))
  expect(JSON.parse(read('.changeset/config.json')).fixed.flat().sort()).toEqual(names.sort())
})

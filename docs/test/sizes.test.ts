import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ENTRIES: Readonly<Record<string, string>> = {
  '@rxsse/core': 'packages/core/dist/web.js',
  '@rxsse/core/tabs': 'packages/core/dist/tabs/index.js',
  '@rxsse/core/event-source': 'packages/core/dist/event-source/index.js',
  '@rxsse/operators': 'packages/operators/dist/index.js',
}
/** How far a size may be from the page: small changes need no new table. */
const TOLERANCE = 0.1

const page = readFileSync(`${root}docs/runtimes.md`, 'utf8')
const rows = Array.from(
  page.matchAll(/^\| `(@rxsse\/[^`]+)` +\| (`[^`]+`|everything) +\| +([\d.]+) KB \|$/gm),
  ([, from = '', imported = '', size]) => ({
    from,
    imported: imported.replaceAll('`', ''),
    size: Number(size),
  }),
)

it('the page lists sizes of core and operators', () => {
  expect(rows.length).toBeGreaterThan(10)
})

it.each(rows)('$imported of $from takes $size KB in a bundle', async ({ from, imported, size }) => {
  const names = imported === 'everything' ? '*' : `{ ${imported} }`
  const { outputFiles } = await build({
    stdin: { contents: `export ${names} from './${ENTRIES[from]}'`, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    external: ['rxjs'],
    write: false,
  })
  const actual = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length / 1_000
  expect(Math.abs(actual - size) / size, `${imported} of ${from} takes ${actual.toFixed(1)} KB`).toBeLessThan(
    TOLERANCE,
  )
})

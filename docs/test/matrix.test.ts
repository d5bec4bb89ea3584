import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface KnownFailure {
  readonly on: RegExp
  readonly check: string
}

/** The columns, by the titles that `.ci/frameworks.mjs` prints. */
const COLUMNS: Readonly<Record<string, string>> = {
  'next, App Router, production': 'Next, App Router',
  'next, Pages Router, production': 'Next, Pages Router',
  'nuxt, production': 'Nuxt',
  'nitro, production': 'Nitro 3',
  'sveltekit, production': 'SvelteKit',
  'react-router, production': 'React Router 8',
  'react-router-7, production': 'React Router 7',
  'astro, production': 'Astro',
  'astro, own server': 'Astro, own server',
  'elysia, on Bun': 'Elysia on Bun',
  'elysia, on Node': 'Elysia on Node',
}

it('the table of docs/apps/matrix.md has the checks of .ci/frameworks and what they show', async () => {
  const { checks } = await load<{ checks: object }>('checks.mjs')
  const { known } = await load<{ known: readonly KnownFailure[] }>('known.mjs')
  const names = [...Object.keys(checks), 'SIGTERM ends the streams properly, and the process exits']
  const rows = names.map((check) => {
    const cells = Object.keys(COLUMNS).map((title) =>
      known.some((one) => one.check === check && one.on.test(title)) ? '-' : 'yes',
    )
    return [check, ...cells]
  })
  const table = [['', ...Object.values(COLUMNS)], ...rows]
  const page = readFileSync(new URL('../apps/matrix.md', import.meta.url), 'utf8')
  expect(readTable(page)).toEqual(table)
})

it('has a column for each way to run an application, apart from development servers', async () => {
  const { apps } = await load<{ apps: readonly App[] }>('apps.mjs')
  const titles = apps.flatMap(({ name, modes, paths = { '': '' } }) =>
    Object.keys(modes)
      .filter((mode) => mode !== 'development')
      .flatMap((mode) => Object.keys(paths).map((path) => [name, path, mode].filter(Boolean).join(', '))),
  )
  expect(titles.toSorted()).toEqual(Object.keys(COLUMNS).toSorted())
})

interface App {
  readonly name: string
  readonly modes: Readonly<Record<string, string>>
  readonly paths?: Readonly<Record<string, string>>
}

async function load<T>(file: string): Promise<T> {
  return await import(new URL(`../../.ci/frameworks/${file}`, import.meta.url).href)
}

function readTable(page: string): string[][] {
  const text = /<!-- matrix -->(.*?)<!-- end -->/s.exec(page)?.[1] ?? ''
  return text
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\|[ :|-]+\|$/.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as operators from '@rxsse/operators'
import * as arrow from '@rxsse/operators/arrow'
import { of } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { documentedFunctions } from './docstrings.ts'

/** A map of schemas: there is nothing to draw. */
const WITHOUT_PICTURE = new Set(['defineEvents'])

const folder = fileURLToPath(new URL('.', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))

const isClass = (value: unknown) => typeof value === 'function' && /^class\b/.test(String(value))
const exported = Object.entries({ ...operators, ...arrow })
const functions = exported.filter(([, value]) => !isClass(value)).map(([name]) => name)
const classes = exported.filter(([, value]) => isClass(value)).map(([name]) => name)

const documented = documentedFunctions()
const fileOf = (name: string) => `${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}.md`
const read = (file: string) => readFileSync(`${folder}${file}`, 'utf8')
const index = read('index.md')
const pages = globSync('*.md', { cwd: folder })

describe('the operator reference', () => {
  it('has a page for every public function, and no page for anything else', () => {
    expect(pages.sort()).toEqual(['aggregates.md', 'index.md', ...functions.map(fileOf)].sort())
  })

  it.each(pages.filter((file) => file !== 'index.md'))('links to %s from its index', (file) => {
    expect(index).toContain(`(./${file})`)
  })

  it.each(classes)('says on its index what %s is', (name) => {
    expect(index).toContain(`| \`${name}\``)
  })

  it('has every aggregate in its table', () => {
    let names: string[] = []
    of().pipe(
      operators.windowAggregate(operators.tumbling('1s'), {
        aggregates: (a) => {
          names = Object.keys(a)
          return { n: a.count() }
        },
      }),
    )
    const table = read('aggregates.md').split('## All of them')[1]?.split('\n## ')[0]
    for (const name of names) expect(table).toMatch(new RegExp(`\`${name}\\(`))
  })
})

describe.each(functions)('the page of %s', (name) => {
  const page = read(fileOf(name))
  const { closing, options } = documented.get(name) ?? { closing: [], options: [] }

  it('has its parts in order: name, picture, example, options, closing lines, laws', () => {
    expect(documented.has(name)).toBe(true)
    const parts = [
      `# \`${name}\`\n`,
      ...(WITHOUT_PICTURE.has(name) ? [] : [`(./marbles/${fileOf(name).replace('.md', '.svg')})`]),
      '## Example',
      ...(options.length > 0 ? ['## Options'] : []),
      ...(closing.length > 0 ? ['## In short'] : []),
      '## Laws it is tested for',
      '## Next',
    ]
    const places = parts.map((part) => page.indexOf(part))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('has every option, as required as it is', () => {
    for (const option of options) {
      const row = new RegExp(`^\\| \`${option.name}\` .*$`, 'm').exec(page)?.[0]
      expect(row, option.name).toBeDefined()
      expect(/required \s*\|$/.test(row ?? ''), option.name).toBe(option.required)
    }
  })

  it('closes as the docstring does', () => {
    const lines = closing.map((line) => line.replace(/^\w+/, '- **$&**'))
    expect(page).toContain(lines.join('\n'))
  })
})

describe.each(pages)('the laws of %s', (file) => {
  it('are tests that there are', () => {
    for (const { law, path } of lawsOf(read(file))) {
      const source = readFileSync(`${root}${path}`, 'utf8')
      const titles = Array.from(
        source.matchAll(/(?:\bit\(|\btitle: |\[\s*)'(.+)',/g),
        ([, title = '']) => title,
      )
      expect(
        titles.some((title) => law.endsWith(title)),
        law,
      ).toBe(true)
    }
  })
})

/** Each law of a page, and the file linked above it that is to test it. */
function lawsOf(page: string): { readonly law: string; readonly path: string }[] {
  const section = page
    .split(/^## (?:Laws it is tested for|What every operator upholds)$/m)[1]
    ?.split('\n## ')[0]
  let path = ''
  return (section ?? '').split('\n').flatMap((line) => {
    path = /^\[`[^`]+`\]\(\.\.\/\.\.\/(packages\/[^)]+)\)/.exec(line)?.[1] ?? path
    const law = /^- (.+)$/.exec(line)?.[1]
    return law === undefined ? [] : [{ law, path }]
  })
}

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const PAGES = [
  { name: 'guarantees', leastRows: 31 },
  { name: 'security', leastRows: 50 },
]

describe.each(PAGES)('the page of $name', ({ name: pageName, leastRows }) => {
  const page = new URL(`../../../docs/${pageName}.md`, import.meta.url)
  const text = readFileSync(page, 'utf8')
  const references = Array.from(
    text.matchAll(/\[`([^`]+)`\]\(([^)]+)\): “([^”]+)”/g),
    ([, name = '', path = '', title = '']) => ({ name, path, title }),
  )

  it.each(references)('names a test that is there: $name, $title', ({ name, path, title }) => {
    expect(path).toMatch(new RegExp(`^../packages/${name.replace('/', '/src/')}$`))
    const source = readFileSync(new URL(path, page), 'utf8')
    // An ellipsis stands for what a title has from its parameters.
    const parts = title.split(/\s*…\s*/)
    const titles = Array.from(
      source.matchAll(/(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g),
      ([, , quoted = '']) => quoted,
    )
    const found = titles.filter((each) => parts.every((part) => each.includes(part)))
    expect(found).not.toEqual([])
  })

  it('has a test for each of its claims', () => {
    // The first row of a table has the names of its columns.
    const rows = Array.from(text.matchAll(/^\| -.*\n((?:\|.*\n)+)/gm)).flatMap(([, body = '']) =>
      body.trimEnd().split('\n'),
    )
    expect(rows.length).toBeGreaterThanOrEqual(leastRows)
    expect(rows.filter((row) => !row.includes('.test.ts') && !row.includes('the same test'))).toEqual([])
  })
})

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const page = new URL('../../../docs/guarantees.md', import.meta.url)
const text = readFileSync(page, 'utf8')
const references = Array.from(
  text.matchAll(/\[`([^`]+)`\]\(([^)]+)\): “([^”]+)”/g),
  ([, name = '', path = '', title = '']) => ({ name, path, title }),
)

describe('the page of guarantees', () => {
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

  it('has a test for each of its promises', () => {
    const rows = text.split('\n').filter((line) => /^\| (?!promised|-)/.test(line))
    expect(rows.length).toBeGreaterThan(30)
    expect(rows.filter((row) => !row.includes('.test.ts') && !row.includes('the same test'))).toEqual([])
  })
})

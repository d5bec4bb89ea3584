import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { readPage } from './read-page.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readBlocks = (path: string) => readPage(root, path).blocks.map(({ code }) => code)

it('the README, the start page and the home page of the site show the same program', () => {
  const [first, second, third] = readBlocks('README.md')
  expect(readBlocks('docs/README.md')).toEqual([first, second, third])
  expect(readBlocks('docs/index.md')).toEqual([first])
})

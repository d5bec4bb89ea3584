import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as catalogue from '../src/index.ts'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

it('the README names every operator', () => {
  const functions = Object.entries(catalogue)
    .filter(([name, value]) => typeof value === 'function' && !/^[A-Z]/.test(name))
    .map(([name]) => name)
  expect(functions.filter((name) => !new RegExp(`\\b${name}\\b`).test(readme))).toEqual([])
})

import { expect, it, vi } from 'vitest'
import { builtinZlib } from './builtin-zlib.ts'

it.each([
  ['has no node:zlib', { getBuiltinModule: () => undefined }],
  ['cannot be asked for it', {}],
  ['is no Node at all', undefined],
])('says what it needs where the runtime %s', (_, process) => {
  vi.stubGlobal('process', process)
  let thrown: unknown
  try {
    builtinZlib()
  } catch (error) {
    thrown = error
  } finally {
    vi.unstubAllGlobals()
  }
  expect(String(thrown)).toBe("Error: compression: 'shared' needs node:zlib")
})

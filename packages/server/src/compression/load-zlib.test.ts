import { expect, it, vi } from 'vitest'
import { loadZlib } from './load-zlib.ts'

it.each([
  ['has no node:zlib', { getBuiltinModule: () => undefined }],
  ['has no getBuiltinModule', {}],
  ['is not Node', undefined],
])('names what it needs if the runtime %s', (_, process) => {
  vi.stubGlobal('process', process)
  let thrown: unknown
  try {
    loadZlib()
  } catch (error) {
    thrown = error
  } finally {
    vi.unstubAllGlobals()
  }
  expect(String(thrown)).toBe("Error: compression: 'shared' needs node:zlib")
})

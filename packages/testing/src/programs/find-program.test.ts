import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { findProgram, type Program } from './find-program.ts'
import { chromiumPath, redisServerPath } from './index.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'programs-'))
  vi.stubEnv('CI', '')
  vi.stubEnv('CHROMIUM_PATH', '')
  vi.stubEnv('REDIS_SERVER_PATH', '')
  vi.stubEnv('PATH', folder)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

function install(name: string, mode: number = 0o755): string {
  const path = join(folder, name)
  writeFileSync(path, '')
  chmodSync(path, mode)
  return path
}

it('the path in the environment comes first', () => {
  install('chromium')
  const named = install('my-browser')
  vi.stubEnv('CHROMIUM_PATH', named)
  expect(chromiumPath()).toBe(named)
})

it('throws if the path in the environment is not an executable file', () => {
  vi.stubEnv('REDIS_SERVER_PATH', join(folder, 'nothing'))
  expect(() => redisServerPath()).toThrow(
    /^REDIS_SERVER_PATH is ".*nothing", which is not an executable file$/,
  )
})

it('the PATH comes second, in the order of the names', () => {
  install('google-chrome')
  const chromium = install('chromium')
  expect(chromiumPath()).toBe(chromium)
})

it('a folder or a file without permission to run is not executable', () => {
  mkdirSync(join(folder, 'redis-server'))
  vi.stubEnv('REDIS_SERVER_PATH', join(folder, 'redis-server'))
  expect(() => redisServerPath()).toThrow('not an executable file')
  vi.stubEnv('REDIS_SERVER_PATH', install('plain', 0o644))
  expect(() => redisServerPath()).toThrow('not an executable file')
})

const rare: Program = {
  what: 'A rare program',
  variable: 'RARE_PATH',
  names: ['rxsse-rare-program'],
  places: [],
}

it('a usual path comes last', () => {
  const path = install('elsewhere')
  vi.stubEnv('PATH', '')
  expect(findProgram({ ...rare, places: ['/nowhere/at/all', path] })).toBe(path)
})

it('returns undefined if the program is not installed', () => {
  expect(findProgram(rare)).toBeUndefined()
})

it('throws if the program is not installed and CI is set', () => {
  vi.stubEnv('CI', 'true')
  expect(() => findProgram(rare)).toThrow(
    'A rare program is not installed, and no test is skipped if CI is set: install it, or set RARE_PATH to its path',
  )
})

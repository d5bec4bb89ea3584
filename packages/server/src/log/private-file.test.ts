import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sqliteLog } from './sqlite-log.ts'

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rxsse-private-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const readMode = (file: string) => (statSync(file).mode & 0o777).toString(8)

describe.skipIf(process.platform === 'win32')('the files of a sqliteLog', () => {
  it('can be read by their owner only, also those that SQLite keeps beside them', async () => {
    const path = join(createFolder(), 'events.db')
    const before = process.umask(0)
    const log = sqliteLog({ path })
    process.umask(before)
    onTestFinished(() => log.close())
    await log.append({ data: 'secret', topic: 'message' }, 'all')
    expect(readMode(path)).toBe('600')
    expect(existsSync(`${path}-wal`)).toBe(true)
    expect(readMode(`${path}-wal`)).toBe('600')
  })

  it('lose the access of others if they have it', async () => {
    const path = join(createFolder(), 'events.db')
    await sqliteLog({ path }).close()
    chmodSync(path, 0o666)
    await sqliteLog({ path }).close()
    expect(readMode(path)).toBe('600')
  })

  it('are not written through a symbolic link', () => {
    const folder = createFolder()
    const other = join(folder, 'other')
    const path = join(folder, 'events.db')
    writeFileSync(other, 'mine')
    symlinkSync(other, path)
    expect(() => sqliteLog({ path })).toThrow(/events\.db cannot be used: it is a symbolic link/)
    expect(readFileSync(other, 'utf8')).toBe('mine')
  })

  it('are not written through a symbolic link to nothing', () => {
    const folder = createFolder()
    const path = join(folder, 'events.db')
    symlinkSync(join(folder, 'planted'), path)
    expect(() => sqliteLog({ path })).toThrow(/it is a symbolic link/)
    expect(existsSync(join(folder, 'planted'))).toBe(false)
  })
})

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createResumingFeed } from '@rxsse/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fileCheckpoint } from '../index.ts'

let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rxsse-'))
  path = join(folder, 'checkpoint')
})
afterEach(() => rm(folder, { recursive: true }))

describe('a file checkpoint', () => {
  it('has nothing before the first save', async () => {
    expect(await fileCheckpoint(path).load()).toBeUndefined()
  })

  it('that cannot be read is an error, not an empty checkpoint', async () => {
    await mkdir(path)
    await expect(fileCheckpoint(path).load()).rejects.toMatchObject({ code: 'EISDIR' })
  })

  for (const id of ['1', '', '日本 😀', ' a ']) {
    it(`gives back ${JSON.stringify(id)}`, async () => {
      const checkpoint = fileCheckpoint(path)
      await checkpoint.save(id)
      expect(await checkpoint.load()).toBe(id)
      expect(await fileCheckpoint(path).load()).toBe(id)
      expect(await readdir(folder)).toEqual(['checkpoint'])
    })
  }

  it.each(['\n', '\r\n'])('that was written by hand may end with %j', async (end) => {
    await writeFile(path, `42${end}`)
    expect(await fileCheckpoint(path).load()).toBe('42')
  })

  it('keeps the last of several saves, and each is on the disk when it resolves', async () => {
    const checkpoint = fileCheckpoint(path)
    const saves = Array.from({ length: 100 }, async (_, n) => {
      await checkpoint.save(String(n))
      expect(Number(await readFile(path, 'utf8'))).toBeGreaterThanOrEqual(n)
    })
    await Promise.all(saves)
    expect(await checkpoint.load()).toBe('99')
  })

  it('rejects a failed save, and the next one works', async () => {
    const checkpoint = fileCheckpoint(join(folder, 'later', 'checkpoint'))
    await expect(checkpoint.load()).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(checkpoint.save('1')).rejects.toMatchObject({ code: 'ENOENT' })
    await mkdir(join(folder, 'later'))
    expect(await checkpoint.load()).toBeUndefined()
    await checkpoint.save('2')
    expect(await checkpoint.load()).toBe('2')
  })

  it('ignores what a killed process left half written', async () => {
    await writeFile(path, '41')
    await writeFile(`${path}.0123456789abcdef.tmp`, '4')
    const checkpoint = fileCheckpoint(path)
    expect(await checkpoint.load()).toBe('41')
    await checkpoint.save('42')
    expect(await checkpoint.load()).toBe('42')
    expect(await readdir(folder)).toEqual(['checkpoint'])
  })

  it('leaves the files of others alone', async () => {
    const others = [
      'checkpoint.tmp',
      'checkpoint.0123.tmp',
      'checkpoint2.0123456789abcdef.tmp',
      'checkpoints',
    ]
    for (const name of others) await writeFile(join(folder, name), 'theirs')
    await fileCheckpoint(path).save('1')
    expect(await readdir(folder)).toEqual(['checkpoint', ...others].sort())
    for (const name of others) expect(await readFile(join(folder, name), 'utf8')).toBe('theirs')
  })

  it.skipIf(process.platform === 'win32')('can be read by its user alone', async () => {
    const mask = process.umask(0)
    try {
      await writeFile(path, '1', { mode: 0o644 })
      await fileCheckpoint(path).save('2')
      expect((await stat(path)).mode & 0o777).toBe(0o600)
    } finally {
      process.umask(mask)
    }
  })

  it.skipIf(process.platform === 'win32')('follows no link that somebody planted', async () => {
    const victim = join(folder, 'victim')
    await writeFile(victim, 'precious')
    for (const name of ['checkpoint.tmp', 'checkpoint.0123456789abcdef.tmp', 'checkpoint']) {
      await symlink(victim, join(folder, name))
    }
    const checkpoint = fileCheckpoint(path)
    await checkpoint.save('1')
    await checkpoint.save('2')
    expect(await readFile(victim, 'utf8')).toBe('precious')
    expect(await readFile(path, 'utf8')).toBe('2')
  })

  it('leaves nothing of a save that failed', async () => {
    await mkdir(path)
    await expect(fileCheckpoint(path).save('1')).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['checkpoint'])
  })

  it('lets a process that is killed at any moment resume after the last event it saved', async () => {
    await using server = await createResumingFeed({ messages: 2000 })
    const log = join(folder, 'log')
    const seen = new Set<number>()
    let saved = 0
    let lines = 0
    for (let life = 0; !seen.has(2000); life++) {
      const reader = fork(program, [server.url, path, log])
      let events = 0
      reader.on('message', () => {
        events += 1
        if (life < 8 && events > 20 + life * 17) reader.kill('SIGKILL')
      })
      await once(reader, 'exit')

      const stored = Number((await fileCheckpoint(path).load()) ?? 0)
      const written = (await readFile(log, 'utf8')).split('\n').slice(lines, -1)
      lines += written.length
      const first = Number(written.find((line) => !line.startsWith('saved')))
      // It went on from a save, which was at least the last one that was told, and left nothing out.
      if (written.length > 0) expect(first).toBeGreaterThan(saved)
      if (written.length > 0) expect(first === 1 || seen.has(first - 1)).toBe(true)
      for (const line of written) {
        if (line.startsWith('saved')) saved = Number(line.slice(6))
        else seen.add(Number(line))
      }
      expect(stored).toBeGreaterThanOrEqual(saved)
      expect(seen).toContain(stored || 1)
    }
    expect(seen.size).toBe(2000)
  })
})

const program = fileURLToPath(new URL('../../test/checkpoint-reader.ts', import.meta.url))

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { snapshotStoreLaws } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { createTestSnapshot } from '../../test/test-snapshot.ts'
import { fileStore } from './file-store.ts'

describe('fileStore', () => {
  const laws = snapshotStoreLaws({
    createPlace() {
      const path = join(temporaryFolder(), 'job')
      const files = [`${path}.1`, `${path}.2`]
      return {
        open: () => fileStore({ path }),
        async parts(number) {
          const file =
            files.filter((each) => existsSync(each)).find((each) => readNumber(each) === number) ?? ''
          return [
            { read: async () => readFileSync(file), write: async (bytes) => writeFileSync(file, bytes) },
          ]
        },
      }
    },
  })
  for (const { title, check } of laws) it(title, check)

  it('tells at once that its options are wrong', () => {
    expect(() => fileStore({ path: '' })).toThrow(
      'fileStore: path must be the path of a file, not the string ""',
    )
    expect(() => fileStore({} as { path: string })).toThrow('fileStore: path must be the path of a file')
  })

  it('refuses to save after another process has, until it loads', async () => {
    const path = join(temporaryFolder(), 'job')
    const [one, two] = [fileStore({ path }), fileStore({ path })]
    await one.save(createTestSnapshot(1))
    await two.load()
    await one.save(createTestSnapshot(2))
    for (const number of [2, 3]) {
      await expect(two.save(createTestSnapshot(number))).rejects.toMatchObject({
        code: 'superseded',
        message: 'fileStore: another process has saved a snapshot of this job',
      })
    }
    expect(await two.load()).toMatchObject({ number: 2 })
    await two.save(createTestSnapshot(3))
    await expect(one.save(createTestSnapshot(3))).rejects.toMatchObject({ code: 'superseded' })
  })

  it('neither loads nor replaces what another version has written, and goes on when it is gone', async () => {
    const path = join(temporaryFolder(), 'job')
    const store = fileStore({ path })
    for (const number of [1, 2]) await store.save(createTestSnapshot(number))
    const before = readFileSync(`${path}.2`)
    const newer = Buffer.from(before)
    newer.write('rxsse-j2')
    newer.writeUInt32BE(crc32(newer.subarray(0, 28)), 28)
    writeFileSync(`${path}.2`, newer)
    const said = `another version of rxsse has written ${path}.2: its format is rxsse-j2, not rxsse-j1`
    await expect(fileStore({ path }).load()).rejects.toThrow(said)
    await expect(fileStore({ path }).save(createTestSnapshot(3))).rejects.toThrow(said)
    expect(readFileSync(`${path}.2`)).toEqual(newer)
    writeFileSync(`${path}.2`, before)
    expect(await fileStore({ path }).load()).toMatchObject({ number: 2 })
  })

  it('has an intact snapshot whatever two processes do at the same time', async () => {
    const path = join(temporaryFolder(), 'job')
    const stores = [fileStore({ path }), fileStore({ path })]
    for (let number = 1; number <= 40; number++) {
      const results = await Promise.allSettled(stores.map((store) => store.save(createTestSnapshot(number))))
      const loaded = await fileStore({ path }).load()
      expect(loaded?.damaged).toBeUndefined()
      const saved = results.some(({ status }) => status === 'fulfilled')
      if (saved) expect(loaded?.number).toBe(number)
      await Promise.all(stores.map((store) => store.load()))
    }
  })

  it('leaves two files that only their owner can read, and removes what a killed process left', async () => {
    const folder = temporaryFolder()
    const others = ['job.1.0123.tmp', 'job.tmp', 'job', 'job2.1']
    for (const name of [...others, 'job.1.0123456789abcdef.tmp']) writeFileSync(join(folder, name), 'x')
    const store = fileStore({ path: join(folder, 'job') })
    for (const number of [1, 2, 3]) await store.save(createTestSnapshot(number))
    expect(readdirSync(folder).sort()).toEqual([...others, 'job.1', 'job.2'].sort())
    for (const name of ['job.1', 'job.2']) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
  })

  it('follows no link when it writes', async () => {
    const folder = temporaryFolder()
    const victim = join(folder, 'victim')
    writeFileSync(victim, 'precious')
    for (const name of ['job.1', 'job.2']) symlinkSync(victim, join(folder, name))
    const store = fileStore({ path: join(folder, 'job') })
    for (const number of [1, 2, 3]) await store.save(createTestSnapshot(number))
    expect(readFileSync(victim, 'utf8')).toBe('precious')
    expect(await store.load()).toMatchObject({ number: 3 })
  })

  it('passes on the errors of the disk, and works when they are over', async () => {
    const folder = temporaryFolder()
    const store = fileStore({ path: join(folder, 'later', 'job') })
    // Nothing is known of what is in a folder that is not there.
    await expect(store.load()).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(store.save(createTestSnapshot(1))).rejects.toMatchObject({ code: 'ENOENT' })
    mkdirSync(join(folder, 'later'))
    await store.save(createTestSnapshot(1))
    expect(await store.load()).toMatchObject({ number: 1 })
    mkdirSync(join(folder, 'later', 'other.1'))
    await expect(fileStore({ path: join(folder, 'later', 'other') }).load()).rejects.toMatchObject({
      code: 'EISDIR',
    })
  })
})

function readNumber(file: string): number {
  return readFileSync(file).readDoubleBE(16)
}

import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { onSmallDisk } from '@rxsse/testing/programs'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'

const program = fileURLToPath(new URL('../../test/small-disk-store.ts', import.meta.url))

const onFullDisk = (kind: string, folder: string) =>
  onSmallDisk(folder, 2_097_152, [process.execPath, '--no-warnings', program, kind, folder])

describe.skipIf(onFullDisk('file', tmpdir()) === undefined)('on a full disk', () => {
  it.each([
    ['file', 'failed ENOSPC'],
    ['sqlite', 'failed database or disk is full'],
  ])(
    'a %s store keeps what it has, tells of each failed save, and saves when there is room',
    (kind, failed) => {
      const folder = temporaryFolder()
      const [command = '', ...args] = onFullDisk(kind, folder) ?? []
      const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
      expect(stderr).toBe('')
      expect(stdout.trimEnd().split('\n')).toEqual([
        ...['saved 1', 'saved 2'],
        ...[failed, failed, 'loaded 2', 'loaded 2', 'saved 3'],
        ...[failed, failed, 'loaded 3', 'loaded 3', 'saved 4'],
        'loaded 4',
      ])
    },
  )
})

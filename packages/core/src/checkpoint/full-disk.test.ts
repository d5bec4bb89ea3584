import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onSmallDisk } from '@rxsse/testing/programs'
import { expect, it, onTestFinished } from 'vitest'

const program = fileURLToPath(new URL('../../test/small-disk-checkpoint.ts', import.meta.url))

function run([command = '', ...args]: readonly string[]): string[] {
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  return stdout.trimEnd().split('\n')
}

const onFullDisk = (folder: string) =>
  onSmallDisk(folder, 65_536, [process.execPath, '--no-warnings', program, folder])

it.skipIf(onFullDisk(tmpdir()) === undefined)(
  'a file checkpoint on a full disk keeps the id it has, tells of each that it cannot save, and saves when there is room',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'rxsse-checkpoint-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    expect(run(onFullDisk(folder) ?? [])).toEqual([
      'saved 1: before',
      'failed ENOSPC',
      'failed ENOSPC',
      'loaded 1: before',
      'loaded by another 1: before',
      'saved 2: before',
      'failed ENOSPC',
      'failed ENOSPC',
      'loaded 2: before',
      'loaded by another 2: before',
      'saved after',
      'loaded after',
      'left checkpoint',
    ])
  },
)

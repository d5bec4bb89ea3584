import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { onSmallDisk } from './small-disk.ts'

const program = `
  const { writeFileSync } = require('node:fs')
  const file = process.argv[1] + '/file'
  writeFileSync(file, Buffer.alloc(60_000))
  try { writeFileSync(file, Buffer.alloc(70_000)) } catch (error) { console.log(error.code) }
`
const here = tmpdir()

it.skipIf(onSmallDisk(here, 65_536, ['true']) === undefined)(
  'a small disk takes its size, then is full, and leaves nothing behind',
  () => {
    const folder = mkdtempSync(join(here, 'small-disk-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const [command = '', ...args] =
      onSmallDisk(folder, 65_536, [process.execPath, '-e', program, folder]) ?? []
    const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(stdout).toBe('ENOSPC\n')
    expect(existsSync(join(folder, 'file'))).toBe(false)
  },
)

// Saves a checkpoint on a disk that becomes full, and says line by line what came of it.
// Argument: the folder.
import { closeSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileCheckpoint } from '../dist/index.js'

const [folder = ''] = process.argv.slice(2)
const path = join(folder, 'checkpoint')
const filler = join(folder, 'filler')
const checkpoint = fileCheckpoint(path)

for (const round of [1, 2]) {
  await save(`${round}: before`)
  fill()
  await save(`${round}: while it is full`)
  await save(`${round}: ${'long '.repeat(5_000)}`)
  console.log('loaded', await checkpoint.load())
  console.log('loaded by another', await fileCheckpoint(path).load())
  rmSync(filler)
}
await save('after')
console.log('loaded', await checkpoint.load())
console.log('left', readdirSync(folder).join())

async function save(id: string): Promise<void> {
  try {
    await checkpoint.save(id)
    console.log('saved', id)
  } catch (error) {
    console.log('failed', (error as NodeJS.ErrnoException).code)
  }
}

function fill(): void {
  const file = openSync(filler, 'w')
  for (const size of [4_096, 1]) {
    try {
      while (true) writeSync(file, Buffer.alloc(size))
    } catch {}
  }
  closeSync(file)
}

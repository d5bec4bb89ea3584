// Saves on a disk that is full for a while, and prints what happens. Arguments: the kind of store, a folder on the disk.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileStore } from '../src/store/file-store.ts'
import { sqliteStore } from '../src/store/sqlite-store.ts'
import { fillDisk } from './fill-disk.ts'
import { createTestSnapshot, findFault } from './test-snapshot.ts'

const BYTES = 100_000

const [kind = '', folder = ''] = process.argv.slice(2)
const path = join(folder, 'job')
const filler = join(folder, 'filler')
const open = () => (kind === 'sqlite' ? sqliteStore({ path }) : fileStore({ path }))
let store = open()

await save(1)
await save(2)
for (const number of [3, 4]) {
  fillDisk(filler)
  await save(number)
  await save(number)
  await load()
  await store.close?.()
  store = open()
  await load()
  rmSync(filler)
  await save(number)
}
await load()
await store.close?.()

async function save(number: number): Promise<void> {
  try {
    await store.save(createTestSnapshot(number, BYTES))
    console.log(`saved ${number}`)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    console.log(`failed ${code === 'ERR_SQLITE_ERROR' ? message : code}`)
  }
}

async function load(): Promise<void> {
  const snapshot = await store.load()
  const fault = snapshot && (findFault(snapshot, BYTES) ?? snapshot.damaged?.join())
  console.log(`loaded ${snapshot?.number}${fault === undefined ? '' : `: ${fault}`}`)
}

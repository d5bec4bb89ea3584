import { crc32 } from 'node:zlib'
import { expect, it } from 'vitest'
import { createSnapshotStore, type SnapshotBackend } from './create-snapshot-store.ts'
import type { SnapshotContent } from './snapshot-bytes.ts'

it('a save that failed and is carried out during the next one is no save of another process', async () => {
  const stored = new Map<string, SnapshotContent & { readonly number: number }>()
  let late: (() => void) | undefined
  const backend: SnapshotBackend = {
    list: () => Array.from(stored, ([id, { number }]) => ({ id, number })),
    read: (id) => stored.get(id) as SnapshotContent,
    write(draft, keep) {
      const removed = [...stored.keys()].filter((id) => !keep.includes(id))
      const pieces = [...draft.pieces(100)]
      const { number, sizes, checksum } = draft
      const commit = () => {
        stored.set(draft.id, { number, sizes, checksum, pieces })
        for (const id of removed) stored.delete(id)
      }
      if (number === 2) {
        late = commit
        throw new Error('no answer')
      }
      if (number === 3) late?.()
      commit()
    },
    close() {},
  }
  let ids = 0
  const store = createSnapshotStore({
    name: 'testStore',
    backend,
    crc32,
    createId: () => `${++ids}`,
    nextTurn: async () => {},
  })
  const save = (number: number) => store.save({ number, chunks: [Uint8Array.of(number)] })
  await save(1)
  await expect(save(2)).rejects.toThrow('no answer')
  for (const number of [3, 4, 5]) await save(number)
  expect(await store.load()).toMatchObject({ number: 5 })
  stored.set('of another', { number: 6, sizes: [], checksum: 0, pieces: [] })
  await expect(save(6)).rejects.toMatchObject({ code: 'superseded' })
})

import { crc32 } from 'node:zlib'
import { expect, it } from 'vitest'
import { createSnapshotStore, type SnapshotBackend } from './create-snapshot-store.ts'
import type { StoredSnapshot } from './snapshot-bytes.ts'

it('a save that failed and is carried out during the next one is no save of another process', async () => {
  const stored = new Map<string, StoredSnapshot & { readonly number: number }>()
  let late: (() => void) | undefined
  const backend: SnapshotBackend = {
    list: () => Array.from(stored, ([id, { number }]) => ({ id, number })),
    read: (id) => stored.get(id) as StoredSnapshot,
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

const intact = { sizes: [], checksum: 0, pieces: [] }

it.each<[string, unknown, unknown]>([
  ['no content', 2, undefined],
  ['no lengths', 2, { checksum: 0, pieces: [] }],
  ['lengths that are text', 2, { ...intact, sizes: 'abc' }],
  ['lengths that are negative', 2, { ...intact, sizes: [-1] }],
  ['pieces that are missing', 2, { ...intact, sizes: [1], pieces: [undefined] }],
  ['pieces that are no bytes', 2, { ...intact, sizes: [3], pieces: ['abc'] }],
  ['a number that is none', Number.NaN, intact],
  ['a number that is text', '2', intact],
  ['a number that counts nothing', 1.5, intact],
  ['a number beyond all others', 2 ** 70, intact],
])(
  'what something else has stored, with %s, is damaged, and the snapshot before it is used',
  async (_, number, content) => {
    const backend = {
      list: () => [
        { id: 'bad', number },
        { id: 'good', number: 1 },
      ],
      read: (id: string) => (id === 'good' ? intact : content),
      write() {},
      close() {},
    }
    const store = createSnapshotStore({
      name: 'testStore',
      backend: backend as unknown as SnapshotBackend,
      // All bytes are right.
      crc32: (_, value = 0) => value,
      createId: () => 'next',
      nextTurn: async () => {},
    })
    const loaded = await store.load()
    expect(loaded).toMatchObject({ number: 1, damaged: [expect.any(String)] })
    await store.save({ number: 2, chunks: [] })
  },
)

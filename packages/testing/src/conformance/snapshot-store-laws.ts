import type { Snapshot, SnapshotStore } from '@rxsse/shared'
import {
  assertFallback,
  assertLaw,
  assertRefused,
  assertRejects,
  assertSame,
  createBytes,
  createSnapshot,
  flip,
} from './snapshot-assertions.ts'

/** A part of a stored snapshot that a fault may hit: a file, a row, a field. */
export interface StoredPart {
  read(): Promise<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
}

/** A place where snapshots are kept. */
export interface SnapshotPlace {
  /** Opens a store of this place. The law closes it before it opens another one. */
  open(): SnapshotStore | Promise<SnapshotStore>
  /** The parts of the snapshot with this number. No store is open meanwhile. */
  parts(number: number): Promise<readonly StoredPart[]>
  /** Called at the end of the law. */
  remove?(): Promise<void>
}

export interface SnapshotStoreLawsOptions {
  /** A new, empty place. Called for each law. */
  readonly createPlace: () => SnapshotPlace | Promise<SnapshotPlace>
}

/** A law that every store of snapshots keeps. `check` rejects with an error that describes a violation. */
export interface SnapshotStoreLaw {
  readonly title: string
  check(): Promise<void>
}

/**
 * The laws of a store that keeps the snapshots of a job: what it returns, in which order, and what it does when bytes are
 * lost or changed. They work with any test runner:
 *
 * @example
 * ```ts
 * for (const { title, check } of snapshotStoreLaws({ createPlace })) it(title, check)
 * ```
 */
export function snapshotStoreLaws({ createPlace }: SnapshotStoreLawsOptions): SnapshotStoreLaw[] {
  return Object.entries(LAWS).map(([title, law]) => ({
    title,
    async check() {
      const place = await createPlace()
      const opened: SnapshotStore[] = []
      const open = async (): Promise<SnapshotStore> => {
        for (const store of opened.splice(0)) await store.close?.()
        const store = await place.open()
        opened.push(store)
        return store
      }
      const close = async () => {
        for (const store of opened.splice(0)) await store.close?.()
      }
      try {
        await law({ open, close, place })
      } finally {
        await close()
        await place.remove?.()
      }
    },
  }))
}

interface LawContext {
  readonly place: SnapshotPlace
  /** Opens a store. Closes the one before. */
  open(): Promise<SnapshotStore>
  close(): Promise<void>
}

const LAWS: Record<string, (context: LawContext) => Promise<void>> = {
  async 'has nothing at first'({ open }) {
    const store = await open()
    assertLaw((await store.load()) === undefined, 'an empty store has a snapshot')
  },

  async 'returns the chunks that were saved, also after it was opened again'({ open }) {
    const shapes = [
      [],
      [0],
      [1],
      [0, 3, 0],
      [70_000, 1, 300_000],
      [1_100_000],
      Array.from({ length: 3_000 }, () => 7),
    ]
    let number = 0
    for (const sizes of shapes) {
      const snapshot = { number: ++number, chunks: sizes.map((size) => createBytes(size, number)) }
      const store = await open()
      await store.save(snapshot)
      assertSame(await store.load(), snapshot)
      assertSame(await (await open()).load(), snapshot)
    }
  },

  async 'does not store the rest of the buffer that a chunk is a part of'({ open }) {
    const buffer = createBytes(100, 1)
    await (await open()).save({ number: 1, chunks: [buffer.subarray(10, 20), buffer.subarray(50, 60)] })
    const chunks = [buffer.slice(10, 20), buffer.slice(50, 60)]
    assertSame(await (await open()).load(), { number: 1, chunks })
  },

  async 'returns the newest snapshot'({ open }) {
    for (let number = 1; number <= 7; number++) {
      const store = await open()
      for (const next of [number * 3 - 2, number * 3 - 1, number * 3]) await store.save(createSnapshot(next))
      assertSame(await store.load(), createSnapshot(number * 3))
    }
  },

  async 'refuses a snapshot that does not follow the newest one'({ open }) {
    const store = await open()
    await store.save(createSnapshot(5))
    for (const number of [4, 5]) await assertRefused(store.save(createSnapshot(number)), 'superseded')
    await assertRefused((await open()).save(createSnapshot(5)), 'superseded')
    assertSame(await (await open()).load(), createSnapshot(5))
    await (await open()).save(createSnapshot(7))
    assertSame(await (await open()).load(), createSnapshot(7))
  },

  async 'refuses what is no snapshot'({ open }) {
    const store = await open()
    for (const number of [0, -1, 1.5, Number.NaN]) {
      await assertRejects(store.save({ number, chunks: [] }), /number must be a whole number/)
    }
    const chunks = ['text'] as unknown as Uint8Array[]
    await assertRejects(store.save({ number: 1, chunks }), /chunks must be an array of Uint8Array/)
    assertLaw((await store.load()) === undefined, 'it has stored what it refused')
  },

  async 'keeps the snapshots of each shard apart, if it can have shards'({ open }) {
    const openShards = async () => {
      const store = await open()
      const shards = Array.from({ length: 3 }, (_, index) => store.shard?.(index, 3))
      for (const shard of shards) await shard?.acquire?.().granted
      return { store, shards }
    }
    const before = await openShards()
    if (before.store.shard === undefined) return
    for (const [index, shard] of before.shards.entries()) {
      assertLaw((await shard?.load()) === undefined, `shard ${index} has a snapshot at first`)
      await shard?.save(createSnapshot(index + 1))
    }
    assertLaw((await before.store.load()) === undefined, 'the store itself has the snapshot of a shard')
    const { shards } = await openShards()
    for (const [index, shard] of shards.entries()) assertSame(await shard?.load(), createSnapshot(index + 1))
  },

  async 'saves one snapshot at a time, in the order of the calls'({ open }) {
    const store = await open()
    const numbers = Array.from({ length: 20 }, (_, i) => i + 1)
    const loads: Promise<Snapshot | undefined>[] = []
    await Promise.all(
      numbers.flatMap((number) => {
        const saved = Promise.resolve(store.save(createSnapshot(number)))
        loads.push(Promise.resolve(store.load()))
        return [saved]
      }),
    )
    for (const [i, loaded] of (await Promise.all(loads)).entries()) assertSame(loaded, createSnapshot(i + 1))
  },

  async 'falls back to the one before if any byte of the newest is changed, and says so'({
    open,
    close,
    place,
  }) {
    await damageEach({ open, close, place }, (bytes) =>
      Array.from(bytes, (byte, at) => bytes.with(at, byte ^ (1 << (at % 8)))),
    )
  },

  async 'falls back to the one before if the newest is torn at any byte, and says so'({
    open,
    close,
    place,
  }) {
    await damageEach({ open, close, place }, (bytes) =>
      Array.from(bytes, (_, length) => bytes.slice(0, length)),
    )
  },

  async 'saves again after it fell back'({ open, close, place }) {
    await saveTwo(open)
    await close()
    for (const part of await place.parts(2)) await part.write(flip(await part.read()))
    const store = await open()
    assertFallback(await store.load(), 'all bytes changed')
    await store.save(createSnapshot(2))
    assertSame(await store.load(), createSnapshot(2))
    await close()
    for (const part of await place.parts(2)) await part.write(flip(await part.read()))
    assertFallback(await (await open()).load(), 'all bytes changed again')
  },

  async 'keeps the snapshot it fell back to, also if it did not load before it saves'({
    open,
    close,
    place,
  }) {
    await saveTwo(open)
    await close()
    for (const part of await place.parts(2)) await part.write(flip(await part.read()))
    await (await open()).save(createSnapshot(3))
    await close()
    for (const part of await place.parts(3)) await part.write(flip(await part.read()))
    assertFallback(await (await open()).load(), 'both newer ones changed')
  },

  async 'rejects if all snapshots are damaged, and accepts a new one then'({ open, close, place }) {
    await saveTwo(open)
    await close()
    for (const number of [1, 2]) {
      for (const part of await place.parts(number)) await part.write(flip(await part.read()))
    }
    const store = await open()
    const error = await assertRefused(Promise.resolve(store.load()), 'damaged')
    assertLaw(/no snapshot is intact: .*; /.test(error.message), `the error says only: ${error.message}`)
    assertLaw(error.damaged?.length === 2, 'the error does not name each damaged snapshot')
    await store.save(createSnapshot(3))
    assertSame(await (await open()).load(), createSnapshot(3))
  },

  async 'is closed once, after the calls before, and refuses calls then'({ open }) {
    const store = await open()
    const saved = Promise.resolve(store.save(createSnapshot(1)))
    await Promise.all([store.close?.(), store.close?.(), saved])
    await assertRefused(Promise.resolve(store.save(createSnapshot(2))), 'closed')
    await assertRefused(Promise.resolve(store.load()), 'closed')
    assertSame(await (await open()).load(), createSnapshot(1))
  },
}

async function saveTwo(open: LawContext['open']): Promise<void> {
  const store = await open()
  for (const number of [1, 2]) await store.save(createSnapshot(number))
}

async function damageEach(
  { open, close, place }: LawContext,
  variants: (bytes: Uint8Array) => readonly Uint8Array[],
): Promise<void> {
  await saveTwo(open)
  await close()
  const parts = await place.parts(2)
  assertLaw(parts.length > 0, 'the newest snapshot has no parts')
  for (const [n, part] of parts.entries()) {
    const intact = await part.read()
    for (const [at, bytes] of variants(intact).entries()) {
      await part.write(bytes)
      assertFallback(await (await open()).load(), `part ${n}, byte ${at}`)
      await close()
    }
    await part.write(intact)
  }
  assertSame(await (await open()).load(), createSnapshot(2))
}

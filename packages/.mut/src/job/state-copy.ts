import { ByteWriter } from './byte-writer.ts'
import type { SavedPart } from './snapshot-format.ts'

/** A part of a snapshot that is being copied. */
export interface CopiedPart extends Omit<SavedPart, 'chunks'> {
  /** Writes the state. What comes before the first `yield` is written at once. */
  readonly save: (writer: ByteWriter) => Generator<void, void>
}

/** Copies the states of all parts as they were when the copy was created, a piece in each turn of the event loop. */
export class StateCopy {
  readonly #parts: readonly {
    readonly part: CopiedPart
    readonly writer: ByteWriter
    readonly copy: Generator<void, void>
  }[]
  /** The first part that is not copied yet. */
  #at = 0
  #written = 0

  constructor(parts: readonly CopiedPart[]) {
    this.#parts = parts.map((part) => {
      const writer = new ByteWriter()
      return { part, writer, copy: part.save(writer) }
    })
    try {
      for (const { copy } of this.#parts) copy.next()
    } catch (error) {
      this.abandon()
      throw error
    }
  }

  /** Copies about `bytes` more. Returns whether everything is copied. */
  advance(bytes: number): boolean {
    const end = this.#written + bytes
    for (let next = this.#parts[this.#at]; next !== undefined; next = this.#parts[this.#at]) {
      const { copy, writer } = next
      let before = writer.length
      while (!copy.next().done) {
        // A record that is a few bytes takes time too.
        this.#written += writer.length - before + RECORD
        before = writer.length
        if (this.#written >= end) return false
      }
      this.#written += writer.length - before
      this.#at++
    }
    return true
  }

  finish(): readonly SavedPart[] {
    return this.#parts.map(({ part: { name, operator, shape, counts }, writer }) => {
      return { name, operator, shape, counts, chunks: writer.finish() }
    })
  }

  abandon(): void {
    for (const { copy } of this.#parts) copy.return()
  }
}

const RECORD = 32

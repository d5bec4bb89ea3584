import { createStage, type Stage } from '../src/index.ts'
import { ByteReader } from '../src/job/byte-reader.ts'
import { ByteWriter } from '../src/job/byte-writer.ts'
import type { OperatorState } from '../src/stage/operator-state.ts'

/** A stage that gives the operator's state to a test. */
export function keepState(): { readonly stage: Stage; readonly state: () => OperatorState } {
  let kept: OperatorState | undefined
  const stage = Object.assign(createStage('kept'), {
    keep(state: OperatorState) {
      kept = state
    },
  })
  return {
    stage,
    state() {
      if (kept === undefined) throw new Error('the operator has no state')
      return kept
    },
  }
}

/** Copies a state, while `meanwhile` runs between the records. Returns what a restored operator reads. */
export function copyState(state: OperatorState, meanwhile: (copyOne: () => void) => void): ByteReader {
  const writer = new ByteWriter()
  const copy = state.save(writer)
  copy.next()
  meanwhile(() => void copy.next())
  while (!copy.next().done);
  return new ByteReader(writer.finish())
}

import { setTimeout as delay } from 'node:timers/promises'
import { optionError } from '@rxsse/shared'
import { checkStep, requirePromise, requireSleep } from '../steps.ts'
import { type Compressor, createCompressor } from './compressor.ts'
import type { Steps } from './script.ts'

export type Ending = 'END' | 'CUT' | 'RST' | 'HOLD'

/** What a step means for a connection. */
export type Action =
  | { readonly bytes: Buffer }
  | { readonly pause: (closed: AbortSignal) => PromiseLike<unknown> }
  | { readonly ending: Ending }

/** Converts steps to actions, up to the first ending, which is `END` if the steps name none. Compresses text. */
export async function* toActions(steps: Steps): AsyncGenerator<Action, void, undefined> {
  let compressor: Compressor | undefined
  for await (const step of steps) {
    checkStep(step, MEMBERS)
    if (step === 'CUT' || step === 'RST' || step === 'HOLD') return yield { ending: step }
    if (step === 'END') break
    if (typeof step === 'string') yield { bytes: Buffer.from(step) }
    else if (step instanceof Uint8Array) yield { bytes: Buffer.from(step) }
    else if ('hex' in step) yield { bytes: parseHex(step.hex) }
    else if ('sleep' in step) {
      const milliseconds = requireSleep(step.sleep)
      yield { pause: (closed) => delay(milliseconds, undefined, { signal: closed }) }
    } else if ('until' in step) yield { pause: () => requirePromise(step.until) }
    else {
      compressor ??= createCompressor(step)
      yield { bytes: await compressor.write(step) }
    }
  }
  if (compressor) yield { bytes: await compressor.end() }
  yield { ending: 'END' }
}

const MEMBERS = ['hex', 'gzip', 'br', 'zstd', 'sleep', 'until']

function parseHex(hex: string): Buffer {
  if (typeof hex !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(hex))
    throw optionError('hex', 'pairs of hex digits', hex)
  return Buffer.from(hex, 'hex')
}

/** The relative growth over a run that counts as flat. */
const MAX_GROWTH = 0.05

/** A size while a long run goes on: of the heap, of a file. */
export class Growth {
  readonly #unit: string
  readonly #samples: number[] = []

  constructor(unit: string) {
    this.#unit = unit
  }

  add(bytes: number): void {
    this.#samples.push(bytes)
  }

  /** Prints the samples, and the growth by their regression line. Returns whether it is flat. */
  report(): boolean {
    // The first quarter lets caches fill and code compile.
    const settled = this.#samples.slice(this.#samples.length / 4)
    const mean = settled.reduce((sum, bytes) => sum + bytes, 0) / settled.length
    const growth = fitSlope(settled) * this.#samples.length
    console.log(`${this.#unit}, MiB: ${this.#samples.map(mebibytes).join(' ')}`)
    console.log(
      `mean ${mebibytes(mean)} MiB; by the regression line ${mebibytes(growth)} MiB more in the run, ${((100 * growth) / mean).toFixed(1)} %`,
    )
    return growth < mean * MAX_GROWTH
  }
}

/** Bytes in use after a collection. */
export function measureHeap(): number {
  if (globalThis.gc === undefined) throw new Error('this program needs node --expose-gc')
  globalThis.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The slope per sample, by least squares. */
function fitSlope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let above = 0
  let below = 0
  for (const [at, value] of values.entries()) {
    above += (at - middle) * (value - mean)
    below += (at - middle) ** 2
  }
  return above / below
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(2)
}

import type { Sample, SourceSample } from '../sample.ts'

/** What the page remembers, in milliseconds. */
export const SPAN = 300_000

/** Changes that the page keeps of each source, as the server does. */
const MAX_CHANGES = 200

/** The samples of the last five minutes. Only the newest one has the changes of its sources, all that are kept. */
export class History {
  readonly #samples: Sample[] = []

  add(sample: Sample): void {
    // A clock that was set back would make negative rates.
    const before = this.latest
    const sources = sample.sources.map((source) => addKnownChanges(source, before))
    if (before !== undefined) this.#samples[this.#samples.length - 1] = dropChanges(before)
    if (sample.time <= (before?.time ?? 0)) this.#samples.length = 0
    this.#samples.push({ ...sample, sources })
    const start = sample.time - SPAN
    while ((this.#samples[0]?.time ?? start) < start) this.#samples.shift()
  }

  /** Forgets everything: the server's process is another one. */
  clear(): void {
    this.#samples.length = 0
  }

  get latest(): Sample | undefined {
    return this.#samples.at(-1)
  }

  /** How much a count grew per second, over the last samples within `within` milliseconds. */
  rate(read: (sample: Sample) => number | undefined, within = 5_000): number {
    const last = this.latest
    if (last === undefined) return 0
    const first = this.#samples.find((sample) => sample.time >= last.time - within) ?? last
    const seconds = (last.time - first.time) / 1000
    return seconds === 0 ? 0 : Math.max(0, ((read(last) ?? 0) - (read(first) ?? 0)) / seconds)
  }

  /** The growth per second between neighbouring samples, with the time of the later one. */
  rates(read: (sample: Sample) => number | undefined): readonly (readonly [time: number, rate: number])[] {
    return this.#samples.slice(1).map((sample, index) => {
      const before = this.#samples[index] as Sample
      const grown = (read(sample) ?? 0) - (read(before) ?? 0)
      return [sample.time, Math.max(0, grown / ((sample.time - before.time) / 1000))] as const
    })
  }
}

/** A viewer gets all changes at first, also if it connects again, and then the new ones. */
function addKnownChanges(source: SourceSample, before: Sample | undefined): SourceSample {
  const { name, changes, timeline } = source
  const known = before?.sources.find((each) => each.name === name)
  const isWhole = timeline.length >= Math.min(changes, MAX_CHANGES)
  if (known === undefined || isWhole || changes < known.changes) return source
  return { ...source, timeline: [...known.timeline, ...timeline].slice(-MAX_CHANGES) }
}

function dropChanges(sample: Sample): Sample {
  return { ...sample, sources: sample.sources.map((source) => ({ ...source, timeline: [] })) }
}

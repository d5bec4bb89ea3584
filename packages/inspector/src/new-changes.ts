import type { Sample, SourceSample } from './sample.ts'

/**
 * For one viewer: leaves out of each sample the changes of sources that the samples before it had. The first sample has all
 * that are kept.
 */
export function createChangeFilter(): (sample: Sample) => Sample {
  const sent = new Map<string, number>()
  return (sample) => ({ ...sample, sources: sample.sources.map(leaveOut) })

  function leaveOut(source: SourceSample): SourceSample {
    const { name, changes, timeline } = source
    const added = changes - (sent.get(name) ?? 0)
    sent.set(name, changes)
    return { ...source, timeline: timeline.slice(Math.max(0, timeline.length - added)) }
  }
}

import { fromEventSource } from '@rxsse/core'
import { createScriptedServer } from '@rxsse/testing'
import { describe, expect, it } from 'vitest'
import type { SourceSample } from './sample.ts'
import { sampleSource, watchSource } from './watch-source.ts'

describe('a watched source', () => {
  it('was not subscribed at first', () => {
    expect(sampleSource(watchSource(), 'trades')).toEqual({
      name: 'trades',
      status: undefined,
      url: undefined,
      lastEventId: '',
      opened: 0,
      failed: 0,
      changes: 0,
      timeline: [],
    })
  })

  it('has the status, the cursor and the history of a real stream', async () => {
    await using server = await createScriptedServer([
      { status: 200, body: ['retry: 10\n\nid: 7\ndata: a\n\n', 'RST'] },
      { status: 200, body: ['id: 8\ndata: b\n\n'] },
      { status: 204, body: [] },
    ])
    const states: string[] = []
    const ids: string[] = []
    const watched = watchSource({
      state: { next: ({ status }: { status: string }) => states.push(status) },
      cursor: { next: (id) => ids.push(id) },
    })
    await new Promise<void>((complete) => {
      fromEventSource(`${server.url}?token=secret`, { ...watched, reconnect: { jitter: 0 } }).subscribe({
        complete,
      })
    })
    const sample = sampleSource(watched, 'trades') as SourceSample
    expect(sample).toMatchObject({ status: 'closed', lastEventId: '8', opened: 2, failed: 1 })
    expect(sample.url).not.toContain('secret')
    expect(sample.timeline.map(({ status, reason }) => `${status} ${reason ?? ''}`.trim())).toEqual([
      'connecting',
      'open',
      'waiting network',
      'connecting',
      'open',
      'waiting end',
      'connecting',
      'closed complete',
    ])
    expect(states).toEqual(sample.timeline.map(({ status }) => status))
    expect(ids).toEqual(['7', '8'])
  })

  it('keeps the last 200 changes', () => {
    const watched = watchSource()
    for (let n = 0; n < 150; n++) {
      watched.state.next({ status: 'connecting', url: `http://x/${n}` })
      watched.state.next({ status: 'open' })
    }
    const sample = sampleSource(watched, 'x') as SourceSample
    expect(sample.timeline).toHaveLength(200)
    expect(sample).toMatchObject({ opened: 150, url: 'http://x/149' })
  })

  it('must be made by watchSource', () => {
    expect(sampleSource({ state: { next() {} }, cursor: { next() {} } }, 'x')).toBeUndefined()
  })
})

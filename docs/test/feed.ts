import type { Attempt, RecordedRequest, Step } from '@rxsse/testing'
import type { FeedText } from './read-page.ts'

/** Answers the requests for one endpoint, as long as one program runs. `visited` resolves when its own server has a client. */
export type Feed = (request: RecordedRequest, visited: Promise<void>) => Attempt | undefined

/**
 * The feed that a page's comment describes: blocks of an event stream, and between them words of the script.
 *
 * One section is a stream with a memory: a request goes on after its `Last-Event-ID`, and is answered 204 where nothing is left.
 * Sections between lines of `---` are what one connection after the other gets, and 204 after them.
 */
export function createFeed({ method, text }: FeedText): Feed {
  const sections = text.split(/^---\n/m)
  const [only] = sections as [string]
  // So that a page's program does not wait for seconds between two connections.
  const pace = /^(retry:|@as-is)/m.test(text) ? [] : ['retry: 10\n\n']
  let connections = 0
  let served = 0
  return (request, visited) => {
    const section = sections[connections++]
    if (sections.length > 1)
      return section === undefined ? undefined : answer(section, request, { cursor: '', pace, visited })
    const again = served > 0 && method === 'GET'
    const cursor = cursorOf(request)
    if (again && !/^id:/m.test(only)) return undefined
    if (cursor !== '' && !new RegExp(`^id: ?${RegExp.escape(cursor)}$`, 'm').test(only)) return undefined
    const answered = answer(only, request, { cursor, pace, visited })
    if (answered !== undefined && 'status' in answered && answered.status === 200) served++
    return answered
  }
}

/** Where a request wants to go on: by the header, or by the query. */
function cursorOf({ lastEventId, path }: RecordedRequest): string {
  return lastEventId || (new URL(path, 'http://_').searchParams.get('lastEventId') ?? '')
}

function answer(
  section: string,
  request: RecordedRequest,
  { cursor, pace, visited }: { cursor: string; pace: readonly string[]; visited: Promise<void> },
): Attempt | undefined {
  let status = 200
  let skipping = cursor !== ''
  const headers: Record<string, string> = {}
  const steps: Step[] = [...pace]
  let block = ''
  let left = 0
  const flush = () => {
    const id = /^id: ?(.*)$/m.exec(block)?.[1]
    if (block !== '' && !skipping) left = steps.push(`${block}\n`)
    if (id === cursor) skipping = false
    block = ''
  }
  for (const line of section.split('\n')) {
    const [, word, rest = ''] = /^@(\S+) ?(.*)$/.exec(line) ?? []
    const [, code, name = '', value = ''] = /^@(\d+) unless ([^:]+): (.*)$/.exec(line) ?? []
    if (code !== undefined) {
      if (!matches(request.headers[name.toLowerCase()], value)) return { status: Number(code), body: [] }
    } else if (word === 'status') status = Number(rest)
    else if (word === 'header') {
      const [header = '', content = ''] = rest.split(/: (.*)/s)
      headers[header.toLowerCase()] = content
    } else if (word === 'sleep') {
      flush()
      if (!skipping) steps.push({ sleep: Number(rest) })
    } else if (word === 'visited') steps.push({ until: visited })
    else if (word === 'body') steps.splice(0, steps.length, rest)
    else if (/^(END|CUT|RST|HOLD)$/.test(line)) {
      // Before a cut, what no empty line has ended is half an event.
      if (block !== '' && (line === 'CUT' || line === 'RST')) steps.push(block)
      else flush()
      block = ''
      left = steps.push(line)
    } else if (line === '') flush()
    else if (word === undefined) block += `${line}\n`
    else if (word !== 'as-is') throw new Error(`no such word in a feed: ${line}`)
  }
  return cursor !== '' && left === 0
    ? undefined
    : { status, headers, body: status === 200 ? steps : steps.slice(0, 1) }
}

function matches(actual: string | undefined, wanted: string): boolean {
  return (
    actual !== undefined && new RegExp(`^${wanted.split('…').map(RegExp.escape).join('.*')}$`).test(actual)
  )
}

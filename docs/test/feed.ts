import { setTimeout as delay } from 'node:timers/promises'
import type { Attempt, RecordedRequest, Step } from '@rxsse/testing'
import type { FeedText } from './read-page.ts'

/** Answers the requests for an endpoint while a program runs. `visited` resolves when its own server has a client. */
export type Feed = (
  request: RecordedRequest,
  visited: Promise<void>,
) => Attempt | undefined | Promise<Attempt | undefined>

/**
 * Creates the feed that a comment of a page describes: blocks of an event stream, and commands between them.
 *
 * A single section is a stream that resumes: a request continues after its `Last-Event-ID`, and gets 204 if nothing is
 * left. With several sections between lines of `---`, each connection gets the next one, and then 204.
 */
export function createFeed({ method, text }: FeedText): Feed {
  const sections = text.split(/^---\n/m)
  const [only] = sections as [string]
  // Programs should not wait for seconds between two connections.
  const pace = /^(retry:|@as-is)/m.test(text) ? [] : ['retry: 10\n\n']
  let connections = 0
  let served = 0
  return (request, visited) => {
    const section = sections[connections++]
    if (sections.length > 1)
      return section === undefined
        ? undefined
        : late(section, answer(section, request, { cursor: '', pace, visited }))
    const again = served > 0 && method === 'GET'
    const cursor = readCursor(request)
    if (again && !/^id:/m.test(only)) return undefined
    if (cursor !== '' && !new RegExp(`^id: ?${RegExp.escape(cursor)}$`, 'm').test(only)) return undefined
    const answered = answer(only, request, { cursor, pace, visited })
    if (answered !== undefined && 'status' in answered && answered.status === 200) served++
    return late(only, answered)
  }
}

/** Holds a whole response back, head included, if its section says so. */
function late<T>(section: string, answered: T): T | Promise<T> {
  const [, milliseconds] = /^@late-head (\d+)$/m.exec(section) ?? []
  // The page's process does not wait for it.
  return milliseconds ? delay(Number(milliseconds), answered, { ref: false }) : answered
}

/** The id after which a request wants to continue, from the header or the query. */
function readCursor({ lastEventId, path }: RecordedRequest): string {
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
      // A cut sends an unfinished block as half an event.
      if (block !== '' && (line === 'CUT' || line === 'RST')) steps.push(block)
      else flush()
      block = ''
      left = steps.push(line)
    } else if (line === '') flush()
    else if (word === undefined) block += `${line}\n`
    else if (word !== 'as-is' && word !== 'late-head') throw new Error(`unknown command in a feed: ${line}`)
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

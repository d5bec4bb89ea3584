import { readFileSync } from 'node:fs'

/** A Markdown page, as far as its programs go. */
export interface Page {
  /** From the repository's root, with slashes. */
  readonly path: string
  readonly blocks: readonly Block[]
  readonly feeds: readonly FeedText[]
  /** Variables of the environment that the page's programs get. */
  readonly env: Readonly<Record<string, string>>
  /** Requests for this machine that the page's shell blocks make with curl. */
  readonly curls: readonly Curl[]
  /** Whether every block is a program of its own. */
  readonly separate: boolean
}

/** A fenced block of TypeScript. */
export interface Block {
  /** The line of its first line of code, from 1. */
  readonly line: number
  readonly code: string
  /** The file it is a module of, where it names one. */
  readonly file: string | undefined
  readonly run: boolean
  /** Whether it is for a browser: checked as a bundler for browsers resolves it, and not run. */
  readonly browser: boolean
  readonly jsx: boolean
}

/** What a comment `<!-- feed METHOD URL` says the endpoint sends. */
export interface FeedText {
  readonly line: number
  readonly method: string
  readonly url: string
  readonly text: string
}

/** A line of a shell block that starts with `curl`. */
export interface Curl {
  readonly line: number
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** What the comment below it says it prints, on one line; `''` where there is none. */
  readonly prints: string
}

/** Reads a page; what no rule covers is an error that names the line. */
export function readPage(root: string, path: string): Page {
  return parsePage(path, readFileSync(`${root}/${path}`, 'utf8'))
}

/** The page that `text` is. */
export function parsePage(path: string, text: string): Page {
  const lines = text.split('\n')
  const blocks: Block[] = []
  const curls: Curl[] = []
  let prose = ''
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)(`{3,})(.*)$/.exec(lines[at] ?? '')
    if (fence === null) {
      prose += `${lines[at]}\n`
      continue
    }
    const [, indent = '', ticks = '', info = ''] = fence
    const end = lines.findIndex((line, index) => index > at && line.trim() === ticks)
    if (end < 0) throw new Error(`${path}:${at + 1}: the block is not closed`)
    const body = lines.slice(at + 1, end).map((line) => line.slice(indent.length))
    const where = `${path}:${at + 1}`
    const language = info.trim().split(/[\s{]/, 1)[0] ?? ''
    if (language === 'ts' || language === 'tsx')
      blocks.push(readBlock(info.trim(), body, at + 2, where, prose))
    else if (/^(typescript|javascript|js|jsx|mts|cts)$/.test(language))
      throw new Error(`${where}: a block of '${language}' is not run; write 'ts'`)
    else if (/^(sh|bash|shell|console)$/.test(language))
      curls.push(...body.flatMap((line, index) => readCurl(line, at + 2 + index, body.slice(index + 1))))
    prose += '\n'.repeat(end - at + 1)
    at = end
  }
  return {
    path,
    blocks,
    curls,
    feeds: readFeeds(prose),
    env: Object.fromEntries(
      Array.from(prose.matchAll(/^<!-- env (\w+)=(.*) -->$/gm), ([, name = '', value = '']) => [name, value]),
    ),
    separate: prose.includes('<!-- each block is a program -->'),
  }
}

function readBlock(info: string, body: readonly string[], line: number, where: string, prose: string): Block {
  const rest = info.replace(/^tsx?/, '')
  const file = /\[(.+?)\]/.exec(rest)?.[1]
  const flags = rest
    .replace(/\[.+?\]/, '')
    .replace(/\{.*?\}/, '')
    .split(/\s+/)
    .filter((word) => word !== '')
  const unknown = flags.filter((flag) => flag !== 'no-run' && flag !== 'browser')
  if (unknown.length > 0) throw new Error(`${where}: no such word in a fence: ${unknown.join(' ')}`)
  const jsx = info.startsWith('tsx')
  const browser = flags.includes('browser')
  const run = !jsx && !browser && !flags.includes('no-run')
  if (!run && !browser && !/<!--(?!\s*(feed|env|each)\b)[^>]+-->\s*$/.test(prose))
    throw new Error(`${where}: say why the block is not run, in an HTML comment above its fence`)
  return { line, code: body.join('\n'), file, run, browser, jsx }
}

function readFeeds(prose: string): FeedText[] {
  return Array.from(
    prose.matchAll(/^<!-- feed (?:([A-Z]+) )?(\S+)[^\S\n]*\n(.*?)^-->$/gms),
    ({ index, 1: method = 'GET', 2: url = '', 3: text = '' }) => ({
      line: prose.slice(0, index).split('\n').length,
      method,
      url,
      text,
    }),
  )
}

function readCurl(line: string, number: number, below: readonly string[]): Curl[] {
  const words = Array.from(line.replace(/\s+#.*$/, '').matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g), (match) =>
    String(match[1] ?? match[2] ?? match[3]),
  )
  if (words.shift() !== 'curl') return []
  const headers: Record<string, string> = {}
  let method: string | undefined
  let body: string | undefined
  let target: string | undefined
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-H' || word === '--header') {
      const [name = '', value = ''] = (words.shift() ?? '').split(/:\s*(.*)/s)
      headers[name] = value
    } else if (word === '-X' || word === '--request') method = words.shift()
    else if (word === '-d' || word === '--data' || word === '--json') body = words.shift()
    else if (!word.startsWith('-')) target = word
  }
  if (target === undefined || !/^(https?:\/\/)?(localhost|127\.0\.0\.1)\b/.test(target)) return []
  // An id that the page leaves open is no id.
  const open = Object.entries(headers).filter(([, value]) => !value.includes('…'))
  const url = new URL(/^https?:/.test(target) ? target : `http://${target}`)
  const end = below.findIndex((text) => !text.startsWith('#'))
  const comment = below.slice(0, end < 0 ? below.length : end)
  return [
    {
      line: number,
      url,
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: Object.fromEntries(open),
      body,
      prints: comment.map((text) => text.replace(/^# ?/, '')).join(' '),
    },
  ]
}

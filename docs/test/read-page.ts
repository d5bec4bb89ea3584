import { readFileSync } from 'node:fs'

/** The programs of a Markdown page. */
export interface Page {
  /** The path from the root of the repository, with slashes. */
  readonly path: string
  readonly blocks: readonly Block[]
  /** The blocks that are files of the repository, where they are built, run and checked. */
  readonly files: readonly FileBlock[]
  readonly feeds: readonly FeedText[]
  /** The environment variables of the page's programs. */
  readonly env: Readonly<Record<string, string>>
  /** The local curl requests of the page's shell blocks. */
  readonly curls: readonly Curl[]
  /** Whether every block is a separate program. */
  readonly separate: boolean
}

/** A fenced block of TypeScript. */
export interface Block {
  /** The number of its first line of code, from 1. */
  readonly line: number
  readonly code: string
  /** The file name of its module, if it has one. */
  readonly file: string | undefined
  readonly run: boolean
  /** Whether it is for a browser: type-checked with a browser's module resolution, not run. */
  readonly browser: boolean
  readonly jsx: boolean
}

/** A block below a comment `<!-- file path -->`: the file of that path, from the root of the repository. */
export interface FileBlock {
  readonly line: number
  readonly path: string
  readonly code: string
}

/** The endpoint that a comment `<!-- feed METHOD URL` describes. */
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
  /** Its expected output from the comment below, on one line, or `''`. */
  readonly prints: string
}

/** Reads a page. Throws an error with the line for unknown syntax. */
export function readPage(root: string, path: string): Page {
  return parsePage(path, readFileSync(`${root}/${path}`, 'utf8'))
}

/** Parses the text of a page. */
export function parsePage(path: string, text: string): Page {
  const lines = text.split('\n')
  const blocks: Block[] = []
  const files: FileBlock[] = []
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
    const source = /<!-- file (\S+) -->\s*$/.exec(prose)?.[1]
    if (source !== undefined) files.push({ line: at + 2, path: source, code: `${body.join('\n')}\n` })
    else if (language === 'ts' || language === 'tsx')
      blocks.push(readBlock(info.trim(), body, at + 2, where, prose))
    else if (/^(typescript|javascript|js|jsx|mts|cts)$/.test(language))
      throw new Error(`${where}: the language '${language}' is not supported; use 'ts'`)
    else if (/^(sh|bash|shell|console)$/.test(language)) curls.push(...readCurls(body, at + 2))
    // A comment above this block does not concern the next one.
    prose += `${ticks}${'\n'.repeat(end - at + 1)}`
    at = end
  }
  return {
    path,
    blocks,
    files,
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
  if (unknown.length > 0) throw new Error(`${where}: unknown word after the fence: ${unknown.join(' ')}`)
  const jsx = info.startsWith('tsx')
  const browser = flags.includes('browser')
  const run = !jsx && !browser && !flags.includes('no-run')
  if (!run && !browser && !/<!--(?!\s*(feed|env|each)\b)[^>]+-->\s*$/.test(prose))
    throw new Error(`${where}: an HTML comment above the block must say why it is not run`)
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

/** A line that ends with a backslash continues on the next line. */
function readCurls(body: readonly string[], first: number): Curl[] {
  const curls: Curl[] = []
  for (let index = 0; index < body.length; index++) {
    const line = first + index
    let command = body[index] ?? ''
    while (command.endsWith('\\')) command = `${command.slice(0, -1)} ${body[++index] ?? ''}`
    curls.push(...readCurl(command, line, body.slice(index + 1)))
  }
  return curls
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
  // A header with an ellipsis is a placeholder and is not sent.
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

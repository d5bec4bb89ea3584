/** What a comment beside a call of the console says it prints. */
export interface Expectation {
  /** The line of the call. */
  readonly line: number
  /** The comment's text on one line; `…` stands for anything. */
  readonly text: string
}

/**
 * The comments that say what is printed: behind the call on its last line, and the lines right below it, with nothing but
 * closing brackets between. A blank line ends them.
 */
export function expectationsOf(code: string): Expectation[] {
  const lines = code.split('\n')
  return callsOfConsole(code).flatMap(({ line, end }) => {
    const text: string[] = []
    const behind = commentBehind(lines[end - 1] ?? '')
    if (behind !== undefined) text.push(behind)
    let next = end
    while (behind === undefined && /^[\s)\]},;]+$/.test(lines[next] ?? '')) next++
    for (; /^\s*\/\//.test(lines[next] ?? ''); next++)
      text.push((lines[next] ?? '').replace(/^\s*\/\/ ?/, ''))
    return text.length === 0 ? [] : [{ line, text: onOneLine(text.join(' ')) }]
  })
}

/** Lines where the console is handed on rather than called: what such a call prints has no line of its own. */
export function handedOn(code: string): number[] {
  return code
    .split('\n')
    .flatMap((line, index) => (/\bconsole\.(log|error|warn|info)\b(?!\()/.test(line) ? [index + 1] : []))
}

/** Whether `printed` is what the comment says, all of it or so far. */
export function compare(expected: string, printed: readonly string[]): 'all' | 'some' | 'different' {
  const got = onOneLine(printed.join(' '))
  const parts = expected.split('…').map(onOneLine)
  if (new RegExp(`^${parts.map(escaped).join('.*')}$`, 's').test(got)) return 'all'
  const sure = parts[0] ?? ''
  const alike = parts.length === 1 ? sure.startsWith(got) : sure.startsWith(got) || got.startsWith(sure)
  return alike ? 'some' : 'different'
}

function callsOfConsole(code: string): { line: number; end: number }[] {
  return Array.from(code.matchAll(/\bconsole\.(?:log|error|warn|info|table)\b/g), ({ index, 0: name }) => {
    const line = lineAt(code, index)
    const open = index + name.length
    return { line, end: code[open] === '(' ? lineAt(code, closing(code, open)) : line }
  })
}

/** Where the bracket that opens at `open` closes; strings and templates are stepped over. */
function closing(code: string, open: number): number {
  let depth = 0
  for (let at = open; at < code.length; at++) {
    const character = code[at] as string
    if (character === "'" || character === '"' || character === '`') {
      for (at++; at < code.length && code[at] !== character; at++) if (code[at] === '\\') at++
    } else if ('([{'.includes(character)) depth++
    else if (')]}'.includes(character) && --depth === 0) return at
  }
  return open
}

function lineAt(code: string, index: number): number {
  return code.slice(0, index).split('\n').length
}

function commentBehind(line: string): string | undefined {
  const bare = line.replace(/'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g, (text) => '_'.repeat(text.length))
  const at = bare.indexOf('//')
  return at < 0 || bare.slice(0, at).trim() === '' ? undefined : line.slice(at + 2).trim()
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** The expected output of a console call. */
export interface Expectation {
  /** The line of the call. */
  readonly line: number
  /** The comment on one line. `…` matches any text. */
  readonly text: string
}

/**
 * Parses the comments with expected output: after a console call on its last line, or on the lines below it, where only
 * closing brackets may come in between. A blank line ends the comment.
 */
export function parseExpectations(code: string): Expectation[] {
  const lines = code.split('\n')
  return findConsoleCalls(code).flatMap(({ line, end }) => {
    const text: string[] = []
    const behind = readTrailingComment(lines[end - 1] ?? '')
    if (behind !== undefined) text.push(behind)
    let next = end
    while (behind === undefined && /^[\s)\]},;]+$/.test(lines[next] ?? '')) next++
    for (; /^\s*\/\//.test(lines[next] ?? ''); next++)
      text.push((lines[next] ?? '').replace(/^\s*\/\/ ?/, ''))
    return text.length === 0 ? [] : [{ line, text: collapseWhitespace(text.join(' ')) }]
  })
}

/** Finds the lines that pass a console function on instead of calling it. Their output has no line of its own. */
export function findConsoleReferences(code: string): number[] {
  return code
    .split('\n')
    .flatMap((line, index) => (/\bconsole\.(log|error|warn|info)\b(?!\()/.test(line) ? [index + 1] : []))
}

/** Compares the output with a comment: it may match completely, match so far, or differ. */
export function compare(expected: string, printed: readonly string[]): 'all' | 'some' | 'different' {
  const got = collapseWhitespace(printed.join(' '))
  const parts = expected.split('…').map(collapseWhitespace)
  if (new RegExp(`^${parts.map(escaped).join('.*')}$`, 's').test(got)) return 'all'
  const sure = parts[0] ?? ''
  const alike = parts.length === 1 ? sure.startsWith(got) : sure.startsWith(got) || got.startsWith(sure)
  return alike ? 'some' : 'different'
}

function findConsoleCalls(code: string): { line: number; end: number }[] {
  return Array.from(code.matchAll(/\bconsole\.(?:log|error|warn|info|table)\b/g), ({ index, 0: name }) => {
    const line = lineAt(code, index)
    const open = index + name.length
    return { line, end: code[open] === '(' ? lineAt(code, findClosingBracket(code, open)) : line }
  })
}

/** Finds the bracket that closes the one at `open`, and skips strings and templates. */
function findClosingBracket(code: string, open: number): number {
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

function readTrailingComment(line: string): string | undefined {
  const bare = line.replace(/'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`/g, (text) => '_'.repeat(text.length))
  const at = bare.indexOf('//')
  return at < 0 || bare.slice(0, at).trim() === '' ? undefined : line.slice(at + 2).trim()
}

function collapseWhitespace(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

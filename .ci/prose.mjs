// Finds lines of code over 80 columns and sentences over 30 words in the pages below.
import { globSync, readFileSync } from 'node:fs'

const MAX_COLUMNS = 80
const MAX_WORDS = 30

/** Add a page as soon as it keeps both limits. */
const PAGES = [
  'README.md',
  'docs/{index,README}.md',
  'packages/{core,operators,server,redis,inspector,testing,shared}/README.md',
  'docs/*.md',
  'docs/{apps,migration}/*.md',
  'docs/guide/*.md',
  'docs/symptoms.md',
  'docs/recipes/*.md',
  'docs/operators/*.md',
  'docs/examples/*/README.md',
]

const CODE = /^ *```.*?^ *```/gms
/** Front matter, comments and measured parts. */
const HIDDEN = /^---\n.*?\n---\n|<!-- measured -->.*?<!-- end -->|<!--.*?-->/gs
/** Between sentences, paragraphs, headings, items of a list, cells of a table, and lines of a cell. */
const SENTENCE_END = /(?<=[.!?][)”*]*)\s|\n\s*\n|\n(?=\s*(?:[-*>#]+|\d+\.) )|\n?\||<br>/g

const problems = globSync(PAGES).sort().flatMap(checkPage)
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1

function checkPage(page) {
  const text = readFileSync(page, 'utf8').replace(HIDDEN, keepLines)
  return [...findLongLines(text), ...findLongSentences(text.replace(CODE, keepLines))].map(
    ({ at, problem }) => `${page}:${text.slice(0, at).split('\n').length}: ${problem}`,
  )
}

function keepLines(text) {
  return text.replace(/[^\n]/g, ' ')
}

function findLongLines(text) {
  return Array.from(text.matchAll(CODE)).flatMap(({ 0: block, index }) =>
    Array.from(block.matchAll(/.+/g))
      .filter(([line]) => line.length > MAX_COLUMNS)
      .map((line) => ({ at: index + line.index, problem: `${line[0].length} columns: ${line[0]}` })),
  )
}

function findLongSentences(text) {
  const ends = Array.from(text.matchAll(SENTENCE_END))
  const starts = [0, ...ends.map((end) => end.index + end[0].length)]
  return starts.flatMap((start, n) => {
    const sentence = text.slice(start, ends[n]?.index).trim()
    // Inline code is one word. The address of a link does not count.
    const plain = sentence.replace(/`[^`]*`/g, 'code').replace(/\]\([^)]*\)/g, ']')
    const words = plain.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length
    return words > MAX_WORDS
      ? [{ at: text.indexOf(sentence, start), problem: `${words} words: ${sentence.replace(/\s+/g, ' ')}` }]
      : []
  })
}

import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createPrograms } from './programs.ts'
import { parsePage } from './read-page.ts'
import { runProgram } from './run-program.ts'
import { createWorkplace, type Workplace } from './workplace.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Pages, and what the runner has to say about them. */
const cases: { readonly name: string; readonly text: string; readonly says: string | RegExp }[] = [
  {
    name: 'a program that prints the output in its comments',
    text: `
<!-- feed https://stream.example.com/orders
event: order
id: 1
data: {"n":1}

id: 2
data: {"n":2}

-->
\`\`\`ts
import { fromEventSource } from '@rxsse/core'

fromEventSource('https://stream.example.com/orders').subscribe({
  next: ({ type, data }) => {
    console.log(type, data)
    // order {"n":1}
    // message {"n":2}
  },
  complete: () => console.log('done', { a: 1, b: [] }), // done { a: …, b: [] }
})
\`\`\`
`,
    says: '',
  },
  {
    name: 'a cut, a required header, and resuming by id',
    text: `
<!-- feed https://stream.example.com/orders
@401 unless authorization: Bearer secret
id: 1
data: a

data: half
CUT
---
id: 2
data: b

-->
<!-- env API_TOKEN=secret -->
\`\`\`ts
import { fromEventSource } from '@rxsse/core'

const headers = { authorization: \`Bearer \${process.env.API_TOKEN}\` }
const state = {
  next: ({ status }: { status: string }) => console.log(status),
  // connecting open waiting connecting open waiting connecting closed
}
fromEventSource('https://stream.example.com/orders', { headers, state }).subscribe(({ data }) =>
  console.log(data),
)
// a b
\`\`\`
`,
    says: '',
  },
  {
    name: 'a server that answers the curl of the page as the page says',
    text: `
\`\`\`ts
import { createServer } from 'node:http'
import { streamTo } from '@rxsse/server'
import { of } from 'rxjs'

createServer(streamTo(() => of({ type: 'tick', data: 1 })).handler).listen(8080)
\`\`\`
\`\`\`sh
curl -N \\
  localhost:8080/live
# event: tick
# data: 1
\`\`\`
`,
    says: '',
  },
  {
    name: 'decorators',
    text: `
\`\`\`ts
function Mark(name: string) {
  return (_: object, key: string) => console.log(name, key) // a b
}
export class A {
  @Mark('a') b(): number {
    return 1
  }
}
console.log(new A().b()) // 1
\`\`\`
`,
    says: '',
  },
  {
    name: 'other output',
    text: "```ts\nconsole.log('b') // a\n```",
    says: /line 2 should print\s+a\s+but printed\s+b/,
  },
  {
    name: 'no output',
    text: '```ts\nif (Date.now() < 0) console.log(1) // 1\n```',
    says: /line 2 should print/,
  },
  {
    name: 'more output',
    text: '```ts\nfor (const n of [1, 2]) console.log(n) // 1\n```',
    says: /printed\s+1 2/,
  },
  {
    name: 'an error',
    text: "```ts\nthrow new Error('wrong')\n```",
    says: /exited with 1.*page\.ts:2.*wrong/s,
  },
  {
    name: 'an unhandled rejection',
    text: "```ts\nvoid Promise.reject(new Error('wrong'))\n```",
    says: /exited with 1/,
  },
  {
    name: 'an endpoint without a feed',
    text: "```ts\nconst { status } = await fetch('https://example.org/x')\nconsole.log(status)\n```",
    says: 'GET https://example.org/x has no feed: add a feed comment',
  },
  {
    name: 'a curl that gets an error status',
    text: `
\`\`\`ts
import { createServer } from 'node:http'
createServer((_, response) => response.writeHead(404).end('no')).listen(8080)
\`\`\`
\`\`\`sh
curl localhost:8080
\`\`\`
`,
    says: 'the curl of line 7 got the status 404: no',
  },
]

const pages = cases.map(({ name, text, says }, n) => ({ name, says, page: parsePage(`page-${n}.md`, text) }))
const wrong = parsePage(
  'wrong.md',
  '\n```ts\nconst n: number = 1\n```\n\ntext\n\n```ts\nconst text: string = n\n```\n',
)
const browser = parsePage(
  'browser.md',
  "```ts browser\nimport { fetchTransport } from '@rxsse/core'\ndocument.title = String(fetchTransport({ credentials: 'include' }))\n```\n",
)
let workplace: Workplace
beforeAll(async () => {
  workplace = await createWorkplace([...pages.map(({ page }) => page), wrong, browser], root)
})
afterAll(() => workplace[Symbol.dispose]())

describe.concurrent('the runner', () => {
  it.each(pages)('judges $name', async ({ page, says }) => {
    const [program] = createPrograms(page)
    if (program === undefined) throw new Error('no program')
    const { failures } = await runProgram(program, workplace.findFile(program))
    expect(workplace.typeErrors(page)).toEqual([])
    if (says === '') expect(failures).toEqual([])
    else expect(failures.join('\n')).toMatch(says)
  })

  it('reports a type error with its line on the page', () => {
    expect(workplace.typeErrors(wrong).join()).toMatch(/^wrong\.md page\.ts\(9,7\): error TS2322/)
  })

  it('type-checks a browser block with the module resolution of browsers', () => {
    expect(workplace.typeErrors(browser)).toEqual([])
    expect(createPrograms(browser)).toMatchObject([{ name: 'browser.ts', runnable: undefined }])
  })

  it('rejects a block in an unknown language, and one that does not run without a reason', () => {
    expect(() => parsePage('a.md', '\n```js\n1\n```')).toThrow(
      "a.md:2: the language 'js' is not supported; use 'ts'",
    )
    expect(() => parsePage('a.md', '```ts norun\n```')).toThrow('a.md:1: unknown word after the fence: norun')
    expect(() => parsePage('a.md', '```ts no-run\n```')).toThrow(
      'a.md:1: an HTML comment above the block must say why it is not run',
    )
    expect(() => parsePage('a.md', '```ts\n')).toThrow('a.md:1: the block is not closed')
    expect(parsePage('a.md', '<!-- it needs a phone -->\n\n```ts no-run\n```').blocks[0]).toMatchObject({
      run: false,
    })
  })
})

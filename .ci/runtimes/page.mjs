import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const packages = ['core', 'operators', 'server']
const columns = [['node-22'], ['node-24'], ['node-26'], ['bun'], ['deno'], ['chromium', 'chromium-page']]

/** Writes the tables and notes of docs/runtimes.md between their marks. The rest of the page stays. */
export function writePage(results) {
  const page = readFileSync('docs/runtimes.md', 'utf8')
  const sizes = JSON.parse(
    execFileSync('size-limit', ['--config', '.ci/size-limit.mjs', '--json'], { encoding: 'utf8' }),
  )
  const parts = { runtimes: table(results), reasons: reasons(results), sizes: sizesTable(sizes) }
  const written = Object.entries(parts).reduce(
    (text, [name, part]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->\n)[^]*?(<!-- /${name} -->)`),
        (_, before, after) => `${before}\n${part}\n\n${after}`,
      ),
    page,
  )
  writeFileSync('docs/runtimes.md', written)
}

function table(results) {
  const of = (names, pkg) => results.filter((one) => names.includes(one.runtime) && (!pkg || one.pkg === pkg))
  const shown = columns.filter((names) => of(names).length > 0)
  return [
    ['', ...shown.map((names) => of(names)[0].version)],
    ['---', ...shown.map(() => '---')],
    ...packages.map((pkg) => [
      `\`@rxsse/${pkg}\``,
      ...shown.map((names) => {
        const ran = of(names, pkg)
        if (ran.length === 0) return ''
        const passed = ran.reduce((sum, one) => sum + one.passed.length, 0)
        const failed = ran.reduce((sum, one) => sum + one.explained.length, 0)
        return failed === 0 ? `${passed}` : `${passed} of ${passed + failed}`
      }),
    ]),
  ]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
}

function reasons(results) {
  const lines = results.flatMap(({ version, pkg, explained }) =>
    explained.map(({ test, why }) => ({ where: `${version}, ${pkg}`, test, why })),
  )
  const byReason = Map.groupBy(lines, ({ where, why }) => `${where}: ${why}`)
  return Array.from(
    byReason,
    ([reason, all]) => `- ${reason} (${all.length === 1 ? 'one test' : `${all.length} tests`}).`,
  ).join('\n')
}

function sizesTable(sizes) {
  const rows = sizes
    .map(({ name, size }) => [...name.split(': '), size])
    .filter(([, selection]) => selection !== 'nothing')
    .map(([name, selection, size]) => {
      const imported = selection === 'everything' ? 'everything' : `\`${selection}\``
      return `| \`${name}\` | ${imported} | ${size.toLocaleString('en')} |`
    })
  return ['| from | imported | bytes |', '| --- | --- | --: |', ...rows].join('\n')
}

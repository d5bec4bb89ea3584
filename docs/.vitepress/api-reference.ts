/** Writes docs/api, the reference of every package's entries, from their docstrings: `node .vitepress/api-reference.ts`. */
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Application, Comment, LogLevel, ReflectionKind } from 'typedoc'

const packages = ['core', 'operators', 'server', 'redis', 'inspector', 'testing']
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = `${root}docs/api`

/** The exported entries of the packages, each with its source file. */
const entries = packages.flatMap((name) => {
  const manifest = JSON.parse(readFileSync(`${root}packages/${name}/package.json`, 'utf8'))
  return Object.entries<Record<string, string>>(manifest.exports).map(([path, conditions]) => ({
    name: `${manifest.name}${path.slice(1)}`,
    description: path === '.' ? `${manifest.description}.` : '',
    file: `${root}packages/${name}/${conditions.default?.replace('./dist/', 'src/').replace(/js$/, 'ts')}`,
  }))
})

mkdirSync(`${root}docs/.vitepress/cache`, { recursive: true })
const tsconfig = `${root}docs/.vitepress/cache/tsconfig.api.json`
writeFileSync(
  tsconfig,
  JSON.stringify({ extends: '../../tsconfig.json', files: entries.map(({ file }) => file), include: [] }),
)

const app = await Application.bootstrapWithPlugins({
  tsconfig,
  entryPoints: entries.map(({ file }) => file),
  plugin: ['typedoc-plugin-markdown'],
  outputs: [{ name: 'markdown', path: folder }],
  name: 'API',
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  logLevel: LogLevel.Warn,
  skipErrorChecking: true,
  groupOrder: ['Functions', 'Interfaces', 'Type Aliases', 'Classes', 'Variables'],
  // Options of the plugin, which typedoc's types do not have.
  ...{
    outputFileStrategy: 'modules',
    entryFileName: 'index',
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    parametersFormat: 'table',
    propertiesFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    tableColumnSettings: {
      hideDefaults: true,
      hideInherited: true,
      hideModifiers: true,
      hideOverrides: true,
      hideSources: true,
      leftAlignHeaders: true,
    },
  },
})
const project = await app.convert()
if (project === undefined) process.exit(1)
const rows: string[] = []
for (const module of project.children ?? []) {
  // typedoc names a module by its file, such as `core/src/config`.
  const entry = entries.find(({ file }) => file.replace(/(\/index)?\.ts$/, '').endsWith(`/${module.name}`))
  if (entry === undefined) throw new Error(`no entry of a package has the source file ${module.name}`)
  module.name = entry.name
  module.comment = new Comment([{ kind: 'text', text: entry.description }])
  const functions = (module.children ?? []).filter(({ kind }) => kind === ReflectionKind.Function)
  const has = functions.map(({ name }) => `\`${name}\``).join(', ')
  rows.push(`| [${entry.name}](./${entry.name}.md) | ${entry.description || has} |`)
}
rmSync(folder, { recursive: true, force: true })
await app.generateOutputs(project)
const files = globSync(`${folder}/**/*.md`).map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const namesByPage = new Map(
  files.map(({ path, text }) => [
    resolve(path),
    Array.from(text.matchAll(/^### (\w+)/gm), ([, name = '']) => name),
  ]),
)
for (const { path, text } of files) writeFileSync(path, readable(text, path))
writeFileSync(
  `${folder}/index.md`,
  `# API\n\nEvery public name of every entry, from the docstrings in the source.\n\n| entry | is, or has |\n| --- | --- |\n${rows.join('\n')}\n`,
)
const operators = `${folder}/@rxsse/operators.md`
writeFileSync(operators, withPages(readFileSync(operators, 'utf8')))
if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exit(1)

/** Uses names as anchors (`#fromEventSource`) instead of numbers, and makes the closing lines of an operator a list. */
function readable(page: string, path: string): string {
  return page
    .replace(/^### (\w+).*$/gm, (heading, name: string, at: number) =>
      // A type and a value may have the same name, but an anchor must be unique.
      new RegExp(`^### ${name}\\b`, 'm').test(page.slice(0, at)) ? heading : `${heading} {#${name}}`,
    )
    .replace(/(\[`?(\w+)[^\]]*\]\((?!\w+:)([^)#]*)#)([^)]+)\)/g, (_, link, text, file, slug) => {
      const target = file === '' ? resolve(path) : resolve(dirname(path), file)
      return `${link}${findAnchor(namesByPage.get(target) ?? [], text, slug)})`
    })
    .replace(/<a id="[^"]*"><\/a> /g, '')
    .replaceAll('__namedParameters', 'options')
    .replace(/^(Emits|Drops|Completes|Unsubscribes)\b/gm, '- **$1**')
}

function findAnchor(names: readonly string[], text: string, slug: string): string {
  if (names.includes(text)) return text
  const plain = slug.replace(/-\d+$/, '')
  return names.find((name) => name.toLowerCase() === plain) ?? slug
}

/** Links an operator to its own page with a diagram and an example. */
function withPages(reference: string): string {
  return reference.replace(/^### (\w+)\(\).*$/gm, (heading, name: string) => {
    const page = `operators/${name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}.md`
    return existsSync(`${root}docs/${page}`) ? `${heading}\n\n[Picture, example, laws](/${page})` : heading
  })
}

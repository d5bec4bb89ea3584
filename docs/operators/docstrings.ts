import { globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const packageFolder = fileURLToPath(new URL('../../packages/operators/', import.meta.url))

export interface Option {
  readonly name: string
  readonly required: boolean
  readonly text: string
}

/** What the source says about a public function. */
export interface Documented {
  /** In the package. */
  readonly file: string
  readonly text: string
  /** The lines that begin with Emits, Drops, Completes and Unsubscribes. */
  readonly closing: readonly string[]
  /** Of all its parameters that are objects, its own before what they extend. */
  readonly options: readonly Option[]
}

/** The docstrings of every exported function in the package's source, by name. */
export function documentedFunctions(): ReadonlyMap<string, Documented> {
  const interfaces = new Map<string, ts.InterfaceDeclaration>()
  const functions: { readonly file: string; readonly node: ts.FunctionDeclaration }[] = []
  for (const file of globSync('src/**/*.ts', { cwd: packageFolder })) {
    if (file.endsWith('.test.ts')) continue
    const path = `${packageFolder}${file}`
    const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true)
    for (const node of source.statements) {
      if (ts.isInterfaceDeclaration(node)) interfaces.set(node.name.text, node)
      if (ts.isFunctionDeclaration(node) && ts.getJSDocCommentsAndTags(node).length > 0)
        functions.push({ file: relative(packageFolder, path), node })
    }
  }

  function optionsOf(type: ts.TypeNode | undefined): Option[] {
    if (type === undefined) return []
    if (ts.isTypeLiteralNode(type)) return members(type.members)
    if (!ts.isTypeReferenceNode(type)) return []
    return ofInterface(type.typeName.getText())
  }

  function ofInterface(name: string): Option[] {
    const declared = /(Options|Limits)$/.test(name) ? interfaces.get(name) : undefined
    if (declared === undefined) return []
    const parents = (declared.heritageClauses ?? []).flatMap(({ types }) => types)
    return [
      ...members(declared.members),
      ...parents.flatMap(({ expression }) => ofInterface(expression.getText())),
    ]
  }

  return new Map(
    functions.map(({ file, node }) => {
      const text = commentOf(node)
      const closing = text.split('\n').filter((line) => /^(Emits|Drops|Completes|Unsubscribes)\b/.test(line))
      const options = node.parameters.flatMap(({ type }) => optionsOf(type))
      return [node.name?.text ?? '', { file, text, closing, options }]
    }),
  )
}

function members(nodes: ts.NodeArray<ts.TypeElement>): Option[] {
  return nodes.filter(ts.isPropertySignature).map((node) => ({
    name: node.name.getText(),
    required: node.questionToken === undefined,
    text: commentOf(node).replaceAll('\n', ' '),
  }))
}

function commentOf(node: ts.Node): string {
  return ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join('\n')
}

import { readFileSync } from 'node:fs'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

// What ESM only means: no resolution of before `exports`, and for TypeScript before 5.8 no import from CommonJS.
const intended = ['node10', 'node16-cjs']

/** publint and are-the-types-wrong find nothing. */
export async function lint({ name, tarball, manifest }) {
  const bytes = readFileSync(tarball)
  const { messages } = await publint({
    strict: true,
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
  })
  const { problems = [] } = await checkPackage(createPackageFromTarballData(new Uint8Array(bytes)))
  const wrong = [
    ...messages.map((message) => formatMessage(message, manifest, { color: false })),
    ...problems
      .filter(({ resolutionKind }) => !intended.includes(resolutionKind))
      .map((problem) => JSON.stringify(problem)),
  ]
  if (wrong.length > 0) throw new Error(`${name}:\n${wrong.join('\n')}`)
  console.log(`${name}: publint and are-the-types-wrong find nothing`)
}

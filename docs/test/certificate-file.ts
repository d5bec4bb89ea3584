import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A file that holds the certificate that a page's programs trust. */
export function certificateFile(pem: string): string {
  const folder = new URL('../.results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const file = fileURLToPath(new URL('certificate.pem', folder))
  writeFileSync(file, pem)
  return file
}

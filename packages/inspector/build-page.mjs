// Bundles the page into one HTML text with its style and script: dist/page.json.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const folder = new URL('src/page/', import.meta.url)
const read = (file) => readFileSync(new URL(file, folder), 'utf8')
const bundle = async (file) => {
  const { outputFiles } = await build({
    entryPoints: [new URL(file, folder).pathname],
    bundle: true,
    minify: true,
    write: false,
    target: 'es2023',
    format: 'iife',
    charset: 'utf8',
  })
  return outputFiles[0].text.trim().replaceAll('</', '<\\/')
}
const style = await bundle('style.css')
const script = await bundle('main.ts')
const html = read('index.html')
  .replace('<!-- style -->', () => `<style>${style}</style>`)
  .replace('<!-- script -->', () => `<script>${script}</script>`)
const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
const policy = [
  "default-src 'none'",
  `style-src ${hash(style)}`,
  `script-src ${hash(script)}`,
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
writeFileSync(new URL('dist/page.json', import.meta.url), JSON.stringify({ html, policy }))

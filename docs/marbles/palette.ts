/** The colours of text and lines, and six tones, each with a fill, an edge and a legible text colour. */
export const LIGHT = {
  ink: '#24292f',
  faint: '#6b7280',
  line: '#9aa4b2',
  rule: '#e5e7eb',
  box: '#f6f7f9',
  accent: '#0f766e',
  tones: [
    ['#f1f3f6', '#64748b', '#1f2937'],
    ['#dcebff', '#2563c9', '#12366f'],
    ['#ffe8cc', '#c2620a', '#6b3200'],
    ['#d9f5e3', '#12804a', '#0a4527'],
    ['#f0e3ff', '#8238c9', '#47157a'],
    ['#ffe0e0', '#c52f3b', '#751018'],
  ],
}

export const DARK: typeof LIGHT = {
  ink: '#e6e8ec',
  faint: '#9aa3b0',
  line: '#6b7482',
  rule: '#2c313a',
  box: '#23262d',
  accent: '#5eead4',
  tones: [
    ['#2b3038', '#98a3b3', '#e6e8ec'],
    ['#15305c', '#6ea8ff', '#d6e6ff'],
    ['#4a2a0a', '#f3a24a', '#ffe3c2'],
    ['#0f3d26', '#4fc98a', '#cff5e0'],
    ['#3a1d5c', '#bd8bf5', '#ecdcff'],
    ['#541b21', '#f4818b', '#ffd9dc'],
  ],
}

/** The style of all diagrams, with the dark colours under the selector or query `dark`. */
export function styleSheet(dark: (rules: string) => string): string {
  return `.marbles{${variables(LIGHT)}}${dark(variables(DARK))}${RULES}`
}

/** The style of a diagram in its own file, which follows the system's mode. */
export function standaloneStyle(): string {
  return styleSheet((rules) => `@media(prefers-color-scheme:dark){.marbles{${rules}}}`)
}

function variables({ tones, ...colours }: typeof LIGHT): string {
  const named = Object.entries(colours).map(([name, colour]) => `--m-${name}:${colour}`)
  const toned = tones.flatMap(([fill, edge, text], i) => [
    `--m-fill${i}:${fill}`,
    `--m-edge${i}:${edge}`,
    `--m-text${i}:${text}`,
  ])
  return [...named, ...toned].join(';')
}

const RULES: string = [
  '.marbles{font:500 13px/1 system-ui,sans-serif;max-width:100%;height:auto}',
  '.marbles text{fill:var(--m-ink);text-anchor:middle;dominant-baseline:central}',
  '.marbles .name{fill:var(--m-faint);font-size:11.5px;text-anchor:start}',
  '.marbles .tick{fill:var(--m-faint);font-size:10.5px;font-weight:400}',
  '.marbles .end{text-anchor:end}',
  '.marbles .call{font:500 12.5px/1 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}',
  '.marbles .small{font-size:11.5px}',
  '.marbles .line{stroke:var(--m-line);stroke-width:1.5;fill:none}',
  '.marbles .side{stroke-dasharray:3 4}',
  '.marbles .rule{stroke:var(--m-rule);fill:none}',
  '.marbles .tip{fill:var(--m-line)}',
  '.marbles .box{fill:var(--m-box);stroke:var(--m-line)}',
  '.marbles .mark{stroke:var(--m-accent);stroke-width:2;fill:none;stroke-linejoin:round}',
  '.marbles .marked{fill:var(--m-accent)}',
  '.marbles .wait{stroke:var(--m-line);stroke-dasharray:1 3;stroke-linecap:round;fill:none}',
  ...[0, 1, 2, 3, 4, 5].flatMap((i) => [
    `.marbles .t${i}{fill:var(--m-fill${i});stroke:var(--m-edge${i});stroke-width:1.5}`,
    `.marbles .x${i}{fill:var(--m-text${i})}`,
  ]),
].join('')

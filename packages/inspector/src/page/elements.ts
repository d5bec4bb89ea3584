/** Creates an element with a class, text or children. */
export function element(tag: string, className = '', ...children: (Node | string)[]): HTMLElement {
  const created = document.createElement(tag)
  if (className !== '') created.className = className
  created.append(...children)
  return created
}

/** A heading with a name that the program gave: of any length, in any script, also empty. */
export function heading(tag: 'h3' | 'h4', name: string): HTMLElement {
  const created = element(tag, '', name.trim() === '' ? 'unnamed' : name)
  created.dir = 'auto'
  // Long names are cut.
  created.title = name
  return created
}

const SVG = 'http://www.w3.org/2000/svg'

export function svgElement(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const created = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, String(value))
  return created
}

/** A child that is made once for each key, in the order of the keys. Others are removed. */
export function keepChildren(
  parent: Element,
  keys: readonly string[],
  create: (key: string) => Element,
): Element[] {
  const known = new Map(Array.from(parent.children, (child) => [child.getAttribute('data-key'), child]))
  const wanted = keys.map((key) => {
    const child = known.get(key) ?? create(key)
    child.setAttribute('data-key', key)
    return child
  })
  // An unchanged list is left alone, so that a selection in it stays.
  if (wanted.length !== parent.children.length || wanted.some((child, n) => parent.children[n] !== child)) {
    parent.replaceChildren(...wanted)
  }
  return wanted
}

/** Sets the text of the part with this name. Nothing changes if it is the same. */
export function setText(parent: Element, part: string, text: string): HTMLElement {
  const found = parent.querySelector<HTMLElement>(`[data-part="${part}"]`) as HTMLElement
  if (found.textContent !== text) found.textContent = text
  return found
}

/** An empty element that {@link setText} finds. */
export function part(tag: string, name: string, className = ''): HTMLElement {
  const created = element(tag, className)
  created.dataset.part = name
  return created
}

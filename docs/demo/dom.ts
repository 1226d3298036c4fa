// Elements in one expression each.

type Attributes = Readonly<Record<string, string | number | boolean | undefined | ((event: Event) => void)>>
type Child = Node | string

/** An HTML element. An attribute that is a function listens to the event of its name; false and undefined leave it out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children)
}

const SVG = 'http://www.w3.org/2000/svg'

/** The same for SVG. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  return filled(document.createElementNS(SVG, tag), attributes, children)
}

function filled<E extends Element>(target: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') target.addEventListener(name, value)
    else if (value !== undefined && value !== false) target.setAttribute(name, value === true ? '' : String(value))
  }
  target.append(...children)
  return target
}

/** The element of the page with this id. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no element #${id}`)
  return found
}

/** A titled box. */
export function card(title: string, note: string, ...children: readonly Child[]): HTMLElement {
  const heading = element('h2', {}, title)
  return element('section', { class: 'card' }, element('header', {}, heading, element('p', {}, note)), ...children)
}

export const hex = (value: number, digits = 1): string => `0x${value.toString(16).padStart(digits, '0')}`

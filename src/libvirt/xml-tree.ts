// Domain XML as a small tree that remembers where each element began. Nothing is fetched, nothing expands.

import { SaxesParser } from 'saxes'
import { DomainXmlError, type TextPosition } from './domain-xml-error.js'

export interface XmlElement {
  /** Name without prefix. */
  readonly name: string
  /** The namespace that the prefix stands for, '' for none. */
  readonly namespace: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly XmlElement[]
  /** The text of the element and of everything in it, comments left out. */
  readonly text: string
  readonly position: TextPosition
}

/** More than any domain needs: libvirt's largest test domains have some tens of kilobytes. */
const MOST_CHARACTERS = 1 << 20
const DEEPEST = 64

type Growing = { -readonly [Key in keyof XmlElement]: XmlElement[Key] } & { children: XmlElement[] }

/**
 * @throws {DomainXmlError} if the text is not well-formed, longer than 1 MiB, nested deeper than 64 elements, or has a
 * document type declaration: no domain needs one, and entities are declared there.
 */
export function parseXmlTree(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: true })
  const places = new Places(text)
  const refuse = (reason: string, offset = Math.min(parser.position, text.length)): never => {
    throw new DomainXmlError(reason, places.at(offset))
  }
  const open: Growing[] = []
  let root: XmlElement | undefined
  let begin: TextPosition = { line: 1, column: 1 }

  parser.on('error', (error) => refuse(`XML is not well-formed: ${error.message.replace(/^\d+:\d+: /, '')}`))
  parser.on('doctype', () => refuse('a document type declaration is not allowed in domain XML'))
  parser.on('opentagstart', () => {
    // The parser stands behind the character that ended the name; a name has no '<'.
    begin = places.at(text.lastIndexOf('<', parser.position - 1))
  })
  parser.on('opentag', (tag) => {
    if (open.length === DEEPEST) refuse(`XML is nested deeper than ${DEEPEST} elements`)
    const attributes = Object.values(tag.attributes).map(({ name, value }): [string, string] => [name, value])
    const element: Growing = {
      name: tag.local,
      namespace: tag.uri,
      attributes: new Map(attributes),
      children: [],
      text: '',
      position: begin,
    }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  const addText = (part: string) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += part
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    const element = open.pop()
    if (element === undefined) return
    addText(element.text)
    root = element
  })

  if (text.length > MOST_CHARACTERS) refuse(`XML is longer than ${MOST_CHARACTERS} characters`)
  // The parser would take it for a pair, together with whatever follows.
  const halfPair = text.search(/\p{Surrogate}/u)
  if (halfPair !== -1) refuse('XML is not well-formed: half of a surrogate pair', halfPair)
  parser.write(text).close()
  return root ?? refuse('XML is not well-formed: document is empty')
}

/** The children of that name and without a namespace. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name && child.namespace === '')
}

/** Turns offsets into places, in one pass over the text: the offsets must not fall. */
class Places {
  readonly #text: string
  #offset = 0
  #line = 1
  #lineStart = 0

  constructor(text: string) {
    this.#text = text
  }

  at(offset: number): TextPosition {
    for (; this.#offset < offset; this.#offset++) {
      const isEnd =
        this.#text[this.#offset] === '\n' ||
        (this.#text[this.#offset] === '\r' && this.#text[this.#offset + 1] !== '\n')
      if (!isEnd) continue
      this.#line++
      this.#lineStart = this.#offset + 1
    }
    return { line: this.#line, column: offset - this.#lineStart + 1 }
  }
}

// How a domain definition is refused: where in the XML, and in libvirt's words where libvirt has any.

/** A place in a text; both count from 1. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

/** Domain XML that cannot be used. `message` starts with the place. */
export class DomainXmlError extends Error {
  override readonly name = 'DomainXmlError'
  /** Line of the element, or of the character that makes the XML not well-formed; from 1. */
  readonly line: number
  /** Column of the same, from 1. */
  readonly column: number
  /** What is wrong. libvirt 9.0's own text, unless libvirt accepts what is refused here. */
  readonly reason: string

  constructor(reason: string, { line, column }: TextPosition) {
    super(`line ${line}, column ${column}: ${reason}`)
    this.reason = reason
    this.line = line
    this.column = column
  }
}

// Recognises a client that speaks HTTP or TLS: a web page can make a browser connect to any port of the computer it runs on.

const HTTP_REQUEST = /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) /
const LONGEST_METHOD = 'CONNECT '.length
const TLS_HANDSHAKE = '\x16'
const NEWLINE = 0x0a

/** Sees a client's bytes in order, each piece within one line. */
export class ForeignProtocol {
  #lineStart = ''

  /** Whether the line under way, with these bytes, begins an HTTP request or a TLS handshake. */
  isBegunBy(piece: Uint8Array): boolean {
    const start = this.#lineStart + String.fromCharCode(...piece.subarray(0, LONGEST_METHOD - this.#lineStart.length))
    this.#lineStart = piece.at(-1) === NEWLINE ? '' : start
    return HTTP_REQUEST.test(start) || start.startsWith(TLS_HANDSHAKE)
  }
}

// Bytes on their way to a program that wants an ArrayBuffer: a view may begin anywhere in its buffer, and share it.

/**
 * A buffer of its own with what the view shows, whatever else the view's buffer holds: a Node Buffer's is a pool, another
 * may be shared. Zeros fill it up to a multiple of `unit` bytes.
 */
export function arrayBufferOf(view: Uint8Array, unit = 1): ArrayBuffer {
  const copy = new Uint8Array(Math.ceil(view.length / unit) * unit)
  copy.set(view)
  return copy.buffer
}

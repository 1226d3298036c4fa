// The error of images that cannot be booted.

/** An image cannot be read, or is not what it should be. The message names it. */
export class ImageError extends Error {
  override readonly name = 'ImageError'
}

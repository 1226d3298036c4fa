// What libvirt calls the core dump of a domain.

/** Whose core dump it is. */
export interface CoreFileOwner {
  /** The domain's number while it runs. */
  readonly id: number
  readonly name: string
  /** When it was dumped, in local time. Default: now. */
  readonly date?: Date
}

/** Characters of the domain's name that libvirt keeps. */
const KEPT_OF_NAME = 20

/**
 * The name that libvirt gives to the dump of a crashed domain within its `auto_dump_path`: `<id>-<name>-<date>`, the
 * name cut to 20 characters, the date as `2013-11-04-17:05:09`. Recorded from libvirt 9.0.0. A slash in the name, which
 * libvirt refuses and no file name can hold, becomes `_`.
 */
export function coreFileName({ id, name, date = new Date() }: CoreFileOwner): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-')
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  // Whole characters: half of a surrogate pair is no file name.
  const shortName = Array.from(name).slice(0, KEPT_OF_NAME).join('')
  return `${id}-${shortName.replaceAll(/[/\0]/g, '_')}-${day}-${time}`
}

/** The same name with hyphens for the characters that Windows and the stores of continuous integration refuse. */
export function portableFileName(name: string): string {
  return name.replaceAll(/["*:<>?\\|\p{Cc}]/gu, '-')
}

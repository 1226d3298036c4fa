// What libvirt calls the core dump of a domain.

const NAME_LENGTH = 20
const two = (value: number): string => String(value).padStart(2, '0')

/** `<id>-<name>-<local time>`, the name cut to 20 characters; within `auto_dump_path`. Recorded from libvirt 9.0.0. */
export function dumpFileName(id: number, name: string, time: Date): string {
  const date = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-')
  const clock = [two(time.getHours()), two(time.getMinutes()), two(time.getSeconds())].join(':')
  return `${id}-${name.slice(0, NAME_LENGTH)}-${date}-${clock}`
}

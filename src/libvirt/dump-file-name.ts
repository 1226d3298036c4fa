// What a domain hands to its `dump`: the name that libvirt gives to a core dump.

import { coreFileName } from '../core-dump/core-file-name.js'

export function dumpFileName(id: number, name: string, date: Date): string {
  return coreFileName({ id, name, date })
}

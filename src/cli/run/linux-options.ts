// `run --linux`, `--initrd-dir` and `--exec`: a Linux guest without a distribution around it.

import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { BootOptions } from '../../testing/boot-guest.js'
import type { CpioEntry } from '../../testing/cpio.js'
import { cpioArchive } from '../../testing/cpio.js'
import { EXEC_RESULT, linuxCommandLine, linuxInitrd } from '../../testing/linux.js'
import { UsageError } from '../usage-error.js'
import { explaining } from '../user-files.js'
import type { Expectations } from './judge.js'

export interface LinuxChoices {
  readonly linux?: boolean
  readonly initrdDir?: string
  readonly exec?: string
  readonly busybox?: string
}

const DEFAULT_BUSYBOX = '/bin/busybox'
const ELF_MAGIC = '\x7fELF'
const ELF_CLASS_AT = 4
const ELF_CLASS_32 = 1
/** Of an ELF header: a program header of this type names the loader of a program that is linked dynamically. */
const PT_INTERP = 3

export function addLinuxOptions(command: Command): void {
  command
    .option('--linux', "put switches first on the kernel's command line that print on ttyS0 and shorten the boot")
    .option('--initrd-dir <folder>', 'make the initial RAM disk of what is in this folder; with --exec beside busybox')
    .option('--exec <command>', 'make an initial RAM disk whose init runs this; it succeeds if the exit code is 0')
    .option('--busybox <file>', `--exec: a static busybox for the guest's processor (default: ${DEFAULT_BUSYBOX})`)
}

/** @param refuse ends with a usage error if the first argument holds. */
export function refuseMeaninglessLinux(
  { kernel, initrd, linux, initrdDir, exec, busybox }: LinuxChoices & { kernel?: string; initrd?: string },
  refuse: (when: boolean, reason: string) => void,
): void {
  const isMade = initrdDir !== undefined || exec !== undefined
  refuse((linux === true || isMade) && kernel === undefined, '--linux, --initrd-dir and --exec are for a --kernel')
  refuse(isMade && initrd !== undefined, '--initrd-dir and --exec make the initial RAM disk: they take no --initrd')
  refuse(busybox !== undefined && exec === undefined, '--busybox has a meaning with --exec only')
}

/** What `bootGuest()` takes of it. @throws {UsageError} for a file or a folder that cannot be used. */
export function linuxImagesOf(
  options: LinuxChoices & { readonly append?: string; readonly engine: string },
): Pick<BootOptions, 'append' | 'initrd'> {
  const { linux, initrdDir, exec, busybox = DEFAULT_BUSYBOX, append, engine } = options
  const commandLine = linux ? { append: linuxCommandLine(append) } : {}
  const files = initrdDir === undefined ? [] : explaining(initrdDir, 'read', () => entriesIn(initrdDir))
  if (exec !== undefined) {
    return { ...commandLine, initrd: linuxInitrd({ busybox: readBusybox(busybox, engine), files, exec }) }
  }
  return initrdDir === undefined ? commandLine : { ...commandLine, initrd: cpioArchive(files) }
}

/** What `--exec` expects unless something else is: that its command succeeds. */
export function execExpectations(options: LinuxChoices & Expectations): Pick<Expectations, 'expectSerial' | 'failOn'> {
  const { exec, expect, expectExit, expectSerial, failOn } = options
  const isElsewhere = [expect, expectExit, expectSerial, failOn].some((expectation) => expectation !== undefined)
  if (exec === undefined || isElsewhere) return {}
  return { expectSerial: new RegExp(`${EXEC_RESULT} 0\\b`), failOn: new RegExp(`${EXEC_RESULT} [1-9]\\d*`) }
}

function entriesIn(folder: string, below = ''): CpioEntry[] {
  return readdirSync(join(folder, below), { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((found): CpioEntry[] => {
      const path = below === '' ? found.name : `${below}/${found.name}`
      const place = join(folder, path)
      if (found.isDirectory()) return [{ path, folder: true }, ...entriesIn(folder, path)]
      if (found.isSymbolicLink()) return [{ path, linkTo: readlinkSync(place) }]
      if (!found.isFile()) throw new Error(`${path} is neither a file, a folder nor a link`)
      return [{ path, file: readFileSync(place), executable: (statSync(place).mode & 0o100) !== 0 }]
    })
}

function readBusybox(path: string, engine: string): Uint8Array {
  const file = explaining(path, 'read', () => readFileSync(path))
  const refuse = (reason: string): never => {
    throw new UsageError(`--busybox: ${path}: ${reason}`)
  }
  if (file.toString('latin1', 0, ELF_MAGIC.length) !== ELF_MAGIC) refuse('it is no ELF program')
  const is32Bit = file[ELF_CLASS_AT] === ELF_CLASS_32
  if (engine === 'v86' && !is32Bit) refuse('it is a 64-bit program, and a guest in v86 needs a 32-bit one')
  if (isDynamic(file, is32Bit)) refuse('it needs shared libraries; Debian has a static one in busybox-static')
  return file
}

function isDynamic(file: Buffer, is32Bit: boolean): boolean {
  const table = is32Bit ? file.readUInt32LE(0x1c) : Number(file.readBigUInt64LE(0x20))
  const [size, count] = is32Bit
    ? [file.readUInt16LE(0x2a), file.readUInt16LE(0x2c)]
    : [file.readUInt16LE(0x36), file.readUInt16LE(0x38)]
  for (let index = 0; index < count && table + size * (index + 1) <= file.length; index++) {
    if (file.readUInt32LE(table + size * index) === PT_INTERP) return true
  }
  return false
}

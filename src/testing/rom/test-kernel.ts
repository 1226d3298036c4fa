// A whole kernel of one page, in 32-bit code, started by the multiboot specification: what a kernel under test looks like.

import { PVPANIC_DEFAULT_IOBASE, PVPANIC_PANICKED } from '../../devices/pvpanic.js'
import { Assembler, offset } from './assembler.js'
import { MULTIBOOT_HAS_ADDRESSES, MULTIBOOT_HEADER_MAGIC, MULTIBOOT_LOADER_MAGIC } from './multiboot.js'
import { COM1_DATA, COM1_LINE_STATUS, NO_DEVICE, TRANSMITTER_EMPTY } from './pc-ports.js'

/** Where the loader puts the kernel: the usual place, right above the first MiB. */
const LOAD_ADDRESS = 0x100000
/** Below the BIOS data at the end of conventional memory. */
const STACK_TOP = 0x90000

/** Bytes of the multiboot header with its addresses. */
const HEADER_SIZE = 32

/** What the kernel writes to isa-debug-exit: "all done". */
const SUCCESS = 0x10

/** What the test kernel does. */
export interface KernelOptions {
  /** Port of pvpanic, 0..0xffff. Default: 0x505. */
  readonly iobase?: number
  /**
   * Port of isa-debug-exit, 0..0xffff, to which the kernel writes 0x10 (exit code 33) if it lives on after its panic.
   * Default: none, it halts.
   */
  readonly debugExit?: number
}

/**
 * The image of the test kernel, for `multiboot`. It tells COM1 each step: it looks for pvpanic, reports a panic, and
 * says so if it is still there.
 * @throws {AssemblyError} if a port is out of range.
 */
export function testKernel(options: KernelOptions = {}): Uint8Array {
  return testKernelProgram(options).assemble()
}

/**
 * The kernel before it is made into bytes. `toNasm()` gives its source.
 * @throws {AssemblyError} if a port is out of range.
 */
export function testKernelProgram({ iobase = PVPANIC_DEFAULT_IOBASE, debugExit }: KernelOptions = {}): Assembler {
  const kernel = new Assembler(LOAD_ADDRESS, 32)
  // Both 0: the file is loaded to its end, and there is nothing to clear behind it.
  const [loadEnd, bssEnd] = [0, 0]
  kernel.dd(MULTIBOOT_HEADER_MAGIC, MULTIBOOT_HAS_ADDRESSES, -(MULTIBOOT_HEADER_MAGIC + MULTIBOOT_HAS_ADDRESSES))
  kernel.dd(LOAD_ADDRESS, LOAD_ADDRESS, loadEnd, bssEnd, LOAD_ADDRESS + HEADER_SIZE)

  kernel.cli().cld().mov('esp', STACK_TOP)
  kernel.cmp('eax', MULTIBOOT_LOADER_MAGIC).jnz('stop')
  kernel.mov('esi', offset('hello')).call('print')

  kernel.mov('edx', iobase).in('al', 'dx').cmp('al', NO_DEVICE).jz('absent')
  kernel.test('al', PVPANIC_PANICKED).jz('absent')
  kernel.mov('esi', offset('panic')).call('print')
  kernel.mov('edx', iobase).mov('al', PVPANIC_PANICKED).out('dx', 'al')

  // Reached only if the host lets a guest go on that has panicked.
  kernel.mov('esi', offset('alive')).call('print')
  if (debugExit !== undefined) kernel.mov('edx', debugExit).mov('al', SUCCESS).out('dx', 'al')
  kernel.jmp('stop')
  kernel.label('absent').mov('esi', offset('nobody')).call('print')
  kernel.label('stop').cli().hlt().jmp('stop')

  // Prints the text at ESI, which ends at a 0.
  kernel.label('print').lodsb().test('al', 'al').jz('printed').mov('bl', 'al').mov('edx', COM1_LINE_STATUS)
  kernel.label('busy').in('al', 'dx').test('al', TRANSMITTER_EMPTY).jz('busy')
  kernel.mov('edx', COM1_DATA).mov('al', 'bl').out('dx', 'al').jmp('print')
  kernel.label('printed').ret()

  kernel.label('hello').db('kernel: started by a multiboot loader\n', 0)
  kernel.label('panic').db('kernel: panic: reporting it to the host\n', 0)
  kernel.label('alive').db('kernel: still here after the panic\n', 0)
  return kernel.label('nobody').db('kernel: no pvpanic device, or it takes no panics\n', 0)
}

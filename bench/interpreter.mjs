// A small x86 interpreter, the shape in which emulators call a bus: it fetches an opcode, and a table of handlers carries it out.
//
// It knows what the programs of port accesses need: moves of immediates, IN and OUT of every width with the port as an
// immediate or in DX, REP INSB and OUTSB, and the loop around it all. Real mode names, 32-bit operands.

const OPERAND_SIZE = 0x66
const REP = 0xf3

/** The processor: registers that the programs use, and the bus. */
export class Interpreter {
  eax = 0
  ecx = 0
  edx = 0
  esi = 0
  edi = 0
  eip = 0
  zero = false
  halted = false
  /** 2 after the operand-size prefix, for one instruction. */
  operand = 4

  constructor(memory, bus) {
    this.memory = memory
    this.bus = bus
  }

  fetch8() {
    return this.memory[this.eip++]
  }

  fetch32() {
    return this.fetch8() | (this.fetch8() << 8) | (this.fetch8() << 16) | (this.fetch8() << 24)
  }

  /** Runs from address 0 to HLT. Returns how many instructions that took. */
  run() {
    this.eip = 0
    this.halted = false
    let instructions = 0
    while (!this.halted) {
      HANDLERS[this.memory[this.eip++]](this)
      instructions++
    }
    return instructions
  }

  read(port) {
    if (this.operand === 4) this.eax = this.bus.inl(port) | 0
    else this.eax = (this.eax & 0xffff0000) | this.bus.inw(port)
    this.operand = 4
  }

  write(port) {
    if (this.operand === 4) this.bus.outl(port, this.eax)
    else this.bus.outw(port, this.eax)
    this.operand = 4
  }
}

const HANDLERS = new Array(256).fill((cpu) => {
  throw new Error(`opcode 0x${cpu.memory[cpu.eip - 1].toString(16)} is not in the interpreter`)
})
HANDLERS[OPERAND_SIZE] = (cpu) => {
  cpu.operand = 2
}
HANDLERS[0xb8] = (cpu) => {
  cpu.eax = cpu.fetch32()
}
HANDLERS[0xb9] = (cpu) => {
  cpu.ecx = cpu.fetch32()
}
HANDLERS[0xba] = (cpu) => {
  cpu.edx = cpu.fetch32()
}
HANDLERS[0xbe] = (cpu) => {
  cpu.esi = cpu.fetch32()
}
HANDLERS[0xbf] = (cpu) => {
  cpu.edi = cpu.fetch32()
}
HANDLERS[0xe4] = (cpu) => {
  cpu.eax = (cpu.eax & ~0xff) | cpu.bus.inb(cpu.fetch8())
}
HANDLERS[0xe5] = (cpu) => cpu.read(cpu.fetch8())
HANDLERS[0xe6] = (cpu) => cpu.bus.outb(cpu.fetch8(), cpu.eax)
HANDLERS[0xe7] = (cpu) => cpu.write(cpu.fetch8())
HANDLERS[0xec] = (cpu) => {
  cpu.eax = (cpu.eax & ~0xff) | cpu.bus.inb(cpu.edx & 0xffff)
}
HANDLERS[0xed] = (cpu) => cpu.read(cpu.edx & 0xffff)
HANDLERS[0xee] = (cpu) => cpu.bus.outb(cpu.edx & 0xffff, cpu.eax)
HANDLERS[0xef] = (cpu) => cpu.write(cpu.edx & 0xffff)
HANDLERS[REP] = (cpu) => {
  const opcode = cpu.fetch8()
  for (; cpu.ecx !== 0; cpu.ecx--) {
    if (opcode === 0x6c) cpu.memory[cpu.edi++] = cpu.bus.inb(cpu.edx & 0xffff)
    else cpu.bus.outb(cpu.edx & 0xffff, cpu.memory[cpu.esi++])
  }
}
HANDLERS[0xf4] = (cpu) => {
  cpu.halted = true
}

const IN_BY_WIDTH = { 1: [0xec], 2: [OPERAND_SIZE, 0xed], 4: [0xed] }
const OUT_BY_WIDTH = { 1: [0xee], 2: [OPERAND_SIZE, 0xef], 4: [0xef] }
const IN_IMMEDIATE = { 1: [0xe4], 2: [OPERAND_SIZE, 0xe5], 4: [0xe5] }
const OUT_IMMEDIATE = { 1: [0xe6], 2: [OPERAND_SIZE, 0xe7], 4: [0xe7] }
const SHORTEST_STRING = 8

const dword = (value) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff]

/**
 * Accesses ({ port, width, write, value }) as machine code, ports below 0x100 as immediates, as a compiler would; runs of
 * bytes at one port become a REP INSB or OUTSB. What they read goes to the end of memory.
 */
export function assemble(accesses) {
  const code = []
  const strings = []
  for (let i = 0; i < accesses.length; ) {
    const { port, width, write, value } = accesses[i]
    let end = i + 1
    const isLike = (other) => other?.port === port && other.width === 1 && other.write === write
    while (width === 1 && isLike(accesses[end])) end++
    if (end - i >= SHORTEST_STRING) {
      const bytes = accesses.slice(i, end).map((access) => access.value)
      code.push(0xba, ...dword(port), 0xb9, ...dword(bytes.length), write ? 0xbe : 0xbf)
      strings.push({ at: code.length, bytes })
      code.push(...dword(0), REP, write ? 0x6e : 0x6c)
      i = end
      continue
    }
    if (write) code.push(0xb8, ...dword(value))
    if (port > 0xff) code.push(0xba, ...dword(port), ...(write ? OUT_BY_WIDTH : IN_BY_WIDTH)[width])
    else code.push(...(write ? OUT_IMMEDIATE : IN_IMMEDIATE)[width], port)
    i++
  }
  code.push(0xf4)
  const length = strings.reduce((sum, { bytes }) => sum + bytes.length, code.length)
  const memory = new Uint8Array(length)
  let free = code.length
  for (const { at, bytes } of strings) {
    code.splice(at, 4, ...dword(free))
    memory.set(bytes, free)
    free += bytes.length
  }
  memory.set(code)
  return memory
}

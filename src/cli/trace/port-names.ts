// What a PC's ports are called, for people who read a trace.

/** A run of ports: the device, and its registers in order, if they have names of their own. */
interface NamedPorts {
  readonly base: number
  readonly size: number
  readonly device: string
  readonly registers?: readonly string[]
}

const DMA_CHANNEL_REGISTERS = [0, 1, 2, 3].flatMap((channel) => [`address ${channel}`, `count ${channel}`])
const DMA_REGISTERS = [
  ...DMA_CHANNEL_REGISTERS,
  ...['command/status', 'request/mask', 'single mask', 'mode'],
  ...['clear flip-flop', 'master clear', 'clear mask', 'all masks'],
]
const UART_REGISTERS = ['data', 'interrupt enable', 'interrupt id/fifo', 'line control'].concat([
  ...['modem control', 'line status', 'modem status', 'scratch'],
])

const pages = (base: number, channels: readonly number[]): NamedPorts => ({
  base,
  size: channels.length,
  device: 'dma page',
  registers: channels.map((channel) => `channel ${channel}`),
})

/** Ports as on a PC with the 440FX chip set. */
const NAMED_PORTS: readonly NamedPorts[] = [
  { base: 0x00, size: 16, device: 'dma1', registers: DMA_REGISTERS },
  { base: 0x20, size: 2, device: 'pic1', registers: ['command', 'data'] },
  { base: 0x40, size: 4, device: 'pit', registers: ['counter 0', 'counter 1', 'counter 2', 'mode'] },
  { base: 0x60, size: 1, device: 'keyboard', registers: ['data'] },
  { base: 0x61, size: 1, device: 'system control b' },
  { base: 0x64, size: 1, device: 'keyboard', registers: ['command/status'] },
  { base: 0x70, size: 2, device: 'cmos', registers: ['index', 'data'] },
  { base: 0x80, size: 1, device: 'post code' },
  pages(0x81, [2, 3, 1]),
  pages(0x87, [0]),
  pages(0x89, [6, 7, 5]),
  pages(0x8f, [4]),
  { base: 0x92, size: 1, device: 'system control a' },
  { base: 0xa0, size: 2, device: 'pic2', registers: ['command', 'data'] },
  { base: 0xb2, size: 2, device: 'smi', registers: ['command', 'status'] },
  { base: 0xc0, size: 32, device: 'dma2', registers: DMA_REGISTERS.flatMap((name) => [name, name]) },
  { base: 0xf0, size: 2, device: 'fpu' },
  { base: 0xf4, size: 1, device: 'debug exit' },
  { base: 0x170, size: 8, device: 'ide2' },
  { base: 0x1f0, size: 8, device: 'ide1' },
  { base: 0x2f8, size: 8, device: 'com2', registers: UART_REGISTERS },
  { base: 0x376, size: 1, device: 'ide2', registers: ['control'] },
  { base: 0x378, size: 3, device: 'lpt1' },
  { base: 0x3c0, size: 32, device: 'vga' },
  { base: 0x3f0, size: 6, device: 'floppy' },
  { base: 0x3f6, size: 1, device: 'ide1', registers: ['control'] },
  { base: 0x3f7, size: 1, device: 'floppy' },
  { base: 0x3f8, size: 8, device: 'com1', registers: UART_REGISTERS },
  { base: 0x402, size: 1, device: 'firmware log' },
  { base: 0x501, size: 2, device: 'debug exit' },
  { base: 0x510, size: 2, device: 'fw_cfg', registers: ['selector', 'data'] },
  { base: 0xcf8, size: 4, device: 'pci', registers: ['address', 'address', 'reset', 'address'] },
  { base: 0xcfc, size: 4, device: 'pci', registers: ['data', 'data', 'data', 'data'] },
  { base: 0xb000, size: 4, device: 'acpi', registers: ['pm1 status', 'pm1 status', 'pm1 enable', 'pm1 enable'] },
  { base: 0xb004, size: 2, device: 'acpi', registers: ['pm1 control', 'pm1 control'] },
  { base: 0xb008, size: 4, device: 'acpi', registers: Array<string>(4).fill('pm timer') },
  { base: 0xae00, size: 32, device: 'pci hotplug' },
  { base: 0xaf00, size: 32, device: 'cpu hotplug' },
  { base: 0xafe0, size: 4, device: 'acpi', registers: Array<string>(4).fill('gpe') },
]

/** The names of ports: a PC's, with the pvpanic device above them as on the bus. */
export class PortNames {
  readonly #pvpanic: number

  /** @param pvpanic the port of the pvpanic device. */
  constructor(pvpanic: number) {
    this.#pvpanic = pvpanic
  }

  /** The device and the register at a port, or '' if none is known. */
  nameOf(port: number): string {
    if (port === this.#pvpanic) return 'pvpanic'
    const found = namedPorts(port)
    if (found === undefined) return ''
    const register = registerAt(port)
    return register === undefined ? found.device : `${found.device} ${register}`
  }
}

/** The name of a PC's register at a port, without its device. */
export function registerAt(port: number): string | undefined {
  const found = namedPorts(port)
  return found?.registers?.[port - found.base]
}

function namedPorts(port: number): NamedPorts | undefined {
  return NAMED_PORTS.find(({ base, size }) => base <= port && port < base + size)
}

// The ports of a PC: which device has which, and what its registers are called.

/** First port of COM1, an 8250. */
export const COM1_BASE = 0x3f8

/** A run of ports of one device. */
export interface PcPorts {
  readonly base: number
  readonly size: number
  /** The device in a word or two, as a trace shows it. */
  readonly device: string
  /** The device in a sentence. */
  readonly title: string
  /** Its registers in order, if they have names of their own. */
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

const pages = (base: number, channels: readonly number[]): PcPorts => ({
  base,
  size: channels.length,
  device: 'dma page',
  title: 'the DMA page registers',
  registers: channels.map((channel) => `channel ${channel}`),
})

/** Ports as on a PC with the 440FX chip set in QEMU. */
// biome-ignore format: a table is read by its columns
export const PC_PORTS: readonly PcPorts[] = [
  { base: 0x00, size: 16, device: 'dma1', title: 'the DMA controller', registers: DMA_REGISTERS },
  { base: 0x20, size: 2, device: 'pic1', title: 'the interrupt controller', registers: ['command', 'data'] },
  { base: 0x40, size: 4, device: 'pit', title: 'the timer', registers: ['counter 0', 'counter 1', 'counter 2', 'mode'] },
  { base: 0x60, size: 1, device: 'keyboard', title: 'the keyboard controller', registers: ['data'] },
  { base: 0x61, size: 1, device: 'system control b', title: 'the speaker port' },
  { base: 0x64, size: 1, device: 'keyboard', title: 'the keyboard controller', registers: ['command/status'] },
  { base: 0x70, size: 2, device: 'cmos', title: 'the RTC: the BIOS itself panics there before anything boots', registers: ['index', 'data'] },
  { base: 0x80, size: 1, device: 'post code', title: 'the POST code port' },
  pages(0x81, [2, 3, 1]),
  pages(0x87, [0]),
  pages(0x89, [6, 7, 5]),
  pages(0x8f, [4]),
  { base: 0x92, size: 1, device: 'system control a', title: 'the A20 port' },
  { base: 0xa0, size: 2, device: 'pic2', title: 'the second interrupt controller', registers: ['command', 'data'] },
  { base: 0xb2, size: 2, device: 'smi', title: 'the SMI command port', registers: ['command', 'status'] },
  { base: 0xc0, size: 32, device: 'dma2', title: 'the second DMA controller', registers: DMA_REGISTERS.flatMap((name) => [name, name]) },
  { base: 0xf0, size: 2, device: 'fpu', title: 'the coprocessor port' },
  { base: 0x170, size: 8, device: 'ide2', title: 'the second IDE channel' },
  { base: 0x1f0, size: 8, device: 'ide1', title: 'the first IDE channel' },
  { base: 0x2f8, size: 8, device: 'com2', title: 'COM2', registers: UART_REGISTERS },
  { base: 0x376, size: 1, device: 'ide2', title: 'the second IDE channel', registers: ['control'] },
  { base: 0x378, size: 8, device: 'lpt1', title: 'LPT1' },
  { base: 0x3b0, size: 48, device: 'vga', title: 'the VGA registers' },
  { base: 0x3f0, size: 6, device: 'floppy', title: 'the floppy controller' },
  { base: 0x3f6, size: 1, device: 'ide1', title: 'the first IDE channel', registers: ['control'] },
  { base: 0x3f7, size: 1, device: 'floppy', title: 'the floppy controller' },
  { base: COM1_BASE, size: 8, device: 'com1', title: 'COM1', registers: UART_REGISTERS },
  { base: 0x510, size: 2, device: 'fw_cfg', title: 'fw_cfg', registers: ['selector', 'data'] },
  { base: 0x512, size: 10, device: 'fw_cfg', title: 'fw_cfg' },
  { base: 0xcf8, size: 4, device: 'pci', title: 'the PCI configuration port', registers: ['address', 'address', 'reset', 'address'] },
  { base: 0xcfc, size: 4, device: 'pci', title: 'the PCI configuration port', registers: Array<string>(4).fill('data') },
  { base: 0xae00, size: 32, device: 'pci hotplug', title: 'PCI hot-plug' },
  { base: 0xaf00, size: 32, device: 'cpu hotplug', title: 'CPU hot-plug' },
  { base: 0xafe0, size: 4, device: 'acpi', title: 'ACPI', registers: Array<string>(4).fill('gpe') },
  { base: 0xb000, size: 4, device: 'acpi', title: 'ACPI', registers: ['pm1 status', 'pm1 status', 'pm1 enable', 'pm1 enable'] },
  { base: 0xb004, size: 2, device: 'acpi', title: 'ACPI', registers: ['pm1 control', 'pm1 control'] },
  { base: 0xb008, size: 4, device: 'acpi', title: 'ACPI', registers: Array<string>(4).fill('pm timer') },
]

/** Ports where a guest may find a device that not every PC has. */
const OPTIONAL_PORTS: readonly PcPorts[] = [
  { base: 0xf4, size: 1, device: 'debug exit', title: 'isa-debug-exit' },
  { base: 0x402, size: 1, device: 'firmware log', title: 'the firmware log' },
  { base: 0x501, size: 2, device: 'debug exit', title: 'isa-debug-exit' },
]

/** What a PC has at a port, if anything. */
export function pcPortsAt(port: number, table = PC_PORTS): PcPorts | undefined {
  return table.find(({ base, size }) => base <= port && port < base + size)
}

/** The name of a PC's register at a port, without its device. */
export function pcRegisterAt(port: number): string | undefined {
  const found = pcPortsAt(port)
  return found?.registers?.[port - found.base]
}

/** The device and the register at a port, as a trace shows them; '' if none is known. */
export function pcPortName(port: number): string {
  const found = pcPortsAt(port) ?? pcPortsAt(port, OPTIONAL_PORTS)
  const register = found?.registers?.[port - found.base]
  return [found?.device, register].filter((part) => part !== undefined).join(' ')
}

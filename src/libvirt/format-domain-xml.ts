// A definition back to domain XML, with libvirt's own spelling of what concerns a panic.

import { hex } from '../common/hex.js'
import { checkIsDefinition, type DomainDefinition, type PanicDevice } from './domain-definition.js'

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;',
}
const UNPRINTABLE: Readonly<Record<string, string>> = { '\t': '&#9;', '\n': '&#10;', '\r': '&#13;' }

const escapeText = (text: string): string =>
  text.replace(/[&<>'"\t\n\r]/g, (character) => ENTITIES[character] ?? UNPRINTABLE[character] ?? character)

/**
 * Domain XML with what a definition holds, and nothing else: disks and the like of the XML it came from are not in it.
 * Parsing the result gives the same definition, positions aside.
 * @throws {TypeError} if `definition` is something else.
 */
export function formatDomainXml(definition: DomainDefinition): string {
  checkIsDefinition(definition)
  const { name, type, osType, arch, machineType, cpu, emulator, qemuArguments } = definition
  const { onPoweroff, onReboot, onCrash } = definition
  const passedThrough = qemuArguments.length > 0
  const namespace = passedThrough ? " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'" : ''
  const machine = machineType === '' ? '' : ` machine='${escapeText(machineType)}'`
  const lines = [
    `<domain type='${escapeText(type)}'${namespace}>`,
    `  <name>${escapeText(name)}</name>`,
    `  <os><type arch='${escapeText(arch)}'${machine}>${escapeText(osType)}</type></os>`,
    ...(cpu === '' ? [] : [`  ${formatCpu(cpu)}`]),
    `  <on_poweroff>${onPoweroff}</on_poweroff>`,
    `  <on_reboot>${onReboot}</on_reboot>`,
    `  <on_crash>${onCrash}</on_crash>`,
    '  <devices>',
    ...(emulator === '' ? [] : [`    <emulator>${escapeText(emulator)}</emulator>`]),
    ...(definition.usb ? [] : ["    <controller type='usb' model='none'/>"]),
    ...(definition.balloon ? [] : ["    <memballoon model='none'/>"]),
    ...definition.panics.map((panic) => `    ${formatPanic(panic)}`),
    ...(definition.panicNotifier ? ['    <panic-notifier/>'] : []),
    '  </devices>',
    ...(passedThrough ? ['  <qemu:commandline>'] : []),
    ...qemuArguments.map((value) => `    <qemu:arg value='${escapeText(value)}'/>`),
    ...(passedThrough ? ['  </qemu:commandline>'] : []),
    '</domain>',
  ]
  return `${lines.join('\n')}\n`
}

function formatCpu(cpu: string): string {
  if (cpu === 'max') return "<cpu mode='maximum'/>"
  if (cpu === 'host') return "<cpu mode='host-passthrough'/>"
  if (cpu === 'host-model') return "<cpu mode='host-model'/>"
  return `<cpu><model>${escapeText(cpu)}</model></cpu>`
}

function formatPanic({ model, address }: PanicDevice): string {
  if (address === undefined) return `<panic model='${model}'/>`
  const { iobase, irq, pci } = address
  const attributes = Object.entries({ iobase, irq, ...pci })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}='${hex(Number(value))}'`)
  return `<panic model='${model}'><address type='${escapeText(address.type)}'${attributes.join('')}/></panic>`
}

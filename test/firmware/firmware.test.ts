// Tables and files for firmware: held against QEMU's own, against what iasl makes of them, and against the loader's rules.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { acpiFiles, pvpanicDevice, pvpanicPortFile, pvpanicSsdt } from '../../src/firmware/index.js'
import { Machine } from '../../src/machine/machine.js'
import { type AcpiRecording, RECORDING_PATH } from './acpi-recording.js'
import { IASL_RECORDING_PATH, type IaslRecording, withoutCompiler } from './iasl-recording.js'
import { allTables, RSDP_ADDRESS, runTableLoader, splitTables, sum, TABLES_ADDRESS } from './tables.js'

const qemu = JSON.parse(readFileSync(RECORDING_PATH, 'utf8')) as AcpiRecording
const iasl = JSON.parse(readFileSync(IASL_RECORDING_PATH, 'utf8')) as IaslRecording
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe.each(qemu.devices)('as QEMU does it on $machine at port $port', ({ port, portFile, device }) => {
  it('tells firmware the port', () => {
    expect(pvpanicPortFile(port)).toEqual({
      name: 'etc/pvpanic-port',
      data: new Uint8Array(Buffer.from(portFile, 'hex')),
    })
  })

  it('describes the device', () => {
    expect(hex(pvpanicDevice(port))).toBe(device)
  })
})

describe('a machine in the place of a port', () => {
  it('gives the port of its pvpanic device', () => {
    expect(pvpanicPortFile(new Machine({ iobase: 0x600 }))).toEqual(pvpanicPortFile(0x600))
  })

  it('gives the first of two, as QEMU 1.5 did', () => {
    const machine = new Machine({ qemu: '1.5.0', iobase: 0x510, secondIobase: 0x505 })
    expect(pvpanicPortFile(machine)).toEqual(pvpanicPortFile(0x510))
  })

  it('is refused without a pvpanic device', () => {
    expect(() => pvpanicSsdt(new Machine({ iobase: null }))).toThrow('this one has none')
  })
})

it.each(allTables())('$name is what iasl assembles from its disassembly', ({ name, bytes }) => {
  expect(Buffer.from(withoutCompiler(name, bytes)).toString('base64')).toBe(iasl.tables[name])
})

it('was shown whole to iasl', () => {
  expect(Object.keys(iasl.tables)).toEqual(allTables().map(({ name }) => name))
})

describe('the tables in memory', () => {
  const { rsdp, tables } = runTableLoader(acpiFiles(0x505))
  const byName = new Map(splitTables(tables).map((table) => [table.name, table.bytes]))
  const word = (bytes: Uint8Array | undefined, offset: number) => Buffer.from(bytes ?? []).readUInt32LE(offset)
  const tableAt = (address: number) => String.fromCharCode(...tables.slice(address - TABLES_ADDRESS).slice(0, 4))

  it.each([...byName].filter(([name]) => name !== 'FACS'))('%s adds up to 0', (_, bytes) => {
    expect(sum(bytes)).toBe(0)
  })

  it('begin with a root pointer where operating systems search for it', () => {
    expect(sum(rsdp)).toBe(0)
    expect(String.fromCharCode(...rsdp.slice(0, 8))).toBe('RSD PTR ')
    expect(RSDP_ADDRESS).toBeLessThan(0x100000)
    expect(tableAt(word(rsdp, 16))).toBe('RSDT')
  })

  it('are all reached from the RSDT', () => {
    const rsdt = byName.get('RSDT')
    const entries = [36, 40, 44].map((offset) => tableAt(word(rsdt, offset)))
    expect(entries.toSorted()).toEqual(['APIC', 'FACP', 'SSDT'])
    expect(rsdt).toHaveLength(48)
  })

  it('have an FADT that points to FACS and DSDT', () => {
    const fadt = byName.get('FACP')
    expect(tableAt(word(fadt, 36))).toBe('FACS')
    expect(tableAt(word(fadt, 40))).toBe('DSDT')
  })

  it('override the timer interrupt only where it is wired so', () => {
    const overrides = (timerInput: 0 | 2) => {
      const madt = splitTables(runTableLoader(acpiFiles(0x505, { timerInput })).tables).find(
        ({ name }) => name === 'APIC',
      )
      return hex(madt?.bytes ?? new Uint8Array()).includes('020a0000020000000000')
    }
    expect([overrides(2), overrides(0)]).toEqual([true, false])
  })
})

it.each([
  ['a port that is none', () => pvpanicSsdt(0x10000), 'port: expected an integer from 0 to 0xffff, got 0x10000'],
  ['a relative scope', () => pvpanicSsdt(0x505, { scope: 'PCI0.ISA' }), 'scope: expected an absolute path'],
  ['a scope that is no path', () => pvpanicSsdt(0x505, { scope: '\\_SB.pci0' }), 'ACPI path: expected names'],
  ['a port that the power management registers cover', () => acpiFiles(0x63f), '0x600 to 0x63f, got 0x63f'],
  ['PCI memory above the I/O APIC', () => acpiFiles(0x505, { pciMemoryFirst: 0xffffffff }), 'pciMemoryFirst: expected'],
  [
    'a timer input that no PC has',
    () => acpiFiles(0x505, { timerInput: 1 as 0 }),
    'timerInput: expected 0 or 2, got 1',
  ],
])('refuses %s', (_, call, message) => {
  expect(call).toThrow(message)
})

import { describe, expect, it } from 'vitest'
import { IoPortBus } from '../../src/bus/io-port-bus.js'
import { DEBUG_EXIT_DEFAULT_IOBASE, DEBUG_EXIT_PORTS, DebugExit } from '../../src/devices/debug-exit.js'
import { accessPort } from './port-access.js'
import type { DebugExitCase } from './record-debug-exit.js'
import { type Header, readRecording, type Step } from './recording.js'

const { header, lines } = readRecording<Header, DebugExitCase>('debug-exit')

describe(`the debug exit device ends the machine as in ${header.program}`, () => {
  it.each(lines)('$iobase/$iosize $step.input', ({ iobase, iosize, step }) => {
    const bus = new IoPortBus()
    const exitCodes: number[] = []
    const device = new DebugExit((code) => exitCodes.push(code))
    bus.map(iobase ?? DEBUG_EXIT_DEFAULT_IOBASE, iosize ?? DEBUG_EXIT_PORTS, device)

    const reply = accessPort(bus, step.input)

    const [exitCode] = exitCodes
    const ours: Step = exitCode === undefined ? { input: step.input, reply } : { input: step.input, exitCode }
    expect(ours).toEqual(step)
  })
})

// The ports of a PC that test guests talk to, and what they read there.

import { COM1_BASE } from '../../machine/pc-ports.js'

/** COM1, an 8250: data register. */
export const COM1_DATA = COM1_BASE
/** COM1: line status register. */
export const COM1_LINE_STATUS = COM1_BASE + 5
/** Line status: the UART takes another byte. */
export const TRANSMITTER_EMPTY = 0x20

/** The byte that a port without a device reads as. */
export const NO_DEVICE = 0xff

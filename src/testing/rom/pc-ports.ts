// The ports of a PC that test guests talk to, and what they read there.

/** COM1, an 8250: data register. */
export const COM1_DATA = 0x3f8
/** COM1: line status register. */
export const COM1_LINE_STATUS = 0x3fd
/** Line status: the UART takes another byte. */
export const TRANSMITTER_EMPTY = 0x20

/** The byte that a port without a device reads as. */
export const NO_DEVICE = 0xff

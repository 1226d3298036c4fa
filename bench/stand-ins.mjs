// Devices that do nothing but latch, a class for each device of a PC, so that a workload measures the bus and not them.
//
// The classes are written out one by one: V8 gathers feedback for each method as it is written, so classes made by one
// factory would look like a single one to it. BlockLatch takes blocks of string I/O as a disk controller would.

export class Pic {
  name = 'Pic'
  latch = new Uint8Array(4)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Pit {
  name = 'Pit'
  latch = new Uint8Array(4)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Keyboard {
  name = 'Keyboard'
  latch = new Uint8Array(8)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class SystemControl {
  name = 'SystemControl'
  latch = new Uint8Array(1)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Rtc {
  name = 'Rtc'
  latch = new Uint8Array(2)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class PostCode {
  name = 'PostCode'
  latch = new Uint8Array(1)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Ide {
  name = 'Ide'
  latch = new Uint8Array(32)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Serial {
  name = 'Serial'
  latch = new Uint8Array(8)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Parallel {
  name = 'Parallel'
  latch = new Uint8Array(4)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Vga {
  name = 'Vga'
  latch = new Uint8Array(64)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class Pci {
  name = 'Pci'
  latch = new Uint8Array(8)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class FwCfg {
  name = 'FwCfg'
  latch = new Uint8Array(2)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class PowerManagement {
  name = 'PowerManagement'
  latch = new Uint8Array(64)
  read8(offset) {
    return this.latch[offset]
  }
  write8(offset, value) {
    this.latch[offset] = value
  }
}

export class BlockLatch {
  name = 'BlockLatch'
  latch = new Uint8Array(512)
  position = 0
  read8(_offset) {
    const value = this.latch[this.position]
    this.position = (this.position + 1) & 511
    return value
  }
  write8(_offset, value) {
    this.latch[this.position] = value
    this.position = (this.position + 1) & 511
  }
  /** A block that fits the sector in one piece is copied as one. */
  writeBlock(offset, from) {
    if (this.position === 0 && from.length === 512) this.latch.set(from)
    else for (const value of from) this.write8(offset, value)
  }
}

/** The same sector without the block form. */
export class ByteLatch {
  name = 'ByteLatch'
  latch = new Uint8Array(512)
  position = 0
  read8(_offset) {
    const value = this.latch[this.position]
    this.position = (this.position + 1) & 511
    return value
  }
  write8(_offset, value) {
    this.latch[this.position] = value
    this.position = (this.position + 1) & 511
  }
}

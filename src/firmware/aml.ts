// A writer of the little AML that the tables here consist of (ACPI specification 6.4, section 20.2).

/** Encoded AML: a term, or several of them joined. */
export type Aml = Uint8Array

const ZERO_OP = 0x00
const ONE_OP = 0x01
const NAME_OP = 0x08
const BYTE_PREFIX = 0x0a
const WORD_PREFIX = 0x0b
const DWORD_PREFIX = 0x0c
const STRING_PREFIX = 0x0d
const SCOPE_OP = 0x10
const BUFFER_OP = 0x11
const PACKAGE_OP = 0x12
const METHOD_OP = 0x14
const EXTERNAL_OP = 0x15
const DUAL_NAME_PREFIX = 0x2e
const MULTI_NAME_PREFIX = 0x2f
const EXTENSION_PREFIX = 0x5b
const ROOT_CHARACTER = 0x5c
const LOCAL0_OP = 0x60
const ARG0_OP = 0x68
const STORE_OP = 0x70
const IF_OP = 0xa0
const RETURN_OP = 0xa4

/** Opcodes that follow `EXTENSION_PREFIX`. */
const REGION_OP = 0x80
const FIELD_OP = 0x81
const DEVICE_OP = 0x82

/** Operation region in the I/O port space. */
const SYSTEM_IO = 0x01
/** Field flags: byte accesses, no lock, other bits preserved. */
const BYTE_ACCESS = 0x01

/** What `External` says an object of another table is. */
const DEVICE_OBJECT = 6

/** The most that a package length of one byte can say, and how many bytes the longest has. */
const SHORT_PACKAGE_LENGTH = 0x3f
const LONGEST_PACKAGE_LENGTH = 4

export const local0: Aml = Uint8Array.of(LOCAL0_OP)
export const arg0: Aml = Uint8Array.of(ARG0_OP)

/** Joins encoded terms. */
export function join(...parts: readonly (Aml | number)[]): Aml {
  return Uint8Array.from(parts.flatMap((part) => (typeof part === 'number' ? [part] : [...part])))
}

/** The `bytes` low bytes of a number, low one first. */
export function littleEndian(value: number, bytes: number): Aml {
  return Uint8Array.from({ length: bytes }, (_, index) => (value / 2 ** (8 * index)) & 0xff)
}

/** The characters of a string, which must be ASCII. */
export function ascii(text: string): Aml {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/**
 * A path of names: `\_SB.PCI0`, `PEVT`. Names shorter than four characters are filled up with underscores.
 * @throws {RangeError} if it is no absolute or relative path of names.
 */
export function namePath(path: string): Aml {
  const [, root = '', rest = ''] = /^(\\?)((?:[A-Z_][A-Z0-9_]{0,3})(?:\.[A-Z_][A-Z0-9_]{0,3})*)$/.exec(path) ?? []
  const segments = rest.split('.')
  if (rest === '' || segments.length > 0xff) {
    throw new RangeError(
      `ACPI path: expected names of one to four of A-Z, 0-9 and _, joined by ".", got ${JSON.stringify(path)}`,
    )
  }
  const prefix = [[], [DUAL_NAME_PREFIX]][segments.length - 1] ?? [MULTI_NAME_PREFIX, segments.length]
  return join(
    ...(root === '' ? [] : [ROOT_CHARACTER]),
    ...prefix,
    ...segments.map((segment) => ascii(segment.padEnd(4, '_'))),
  )
}

/** An integer of at most 32 bits in its shortest form. */
export function integer(value: number): Aml {
  if (value === 0) return Uint8Array.of(ZERO_OP)
  if (value === 1) return Uint8Array.of(ONE_OP)
  if (value <= 0xff) return join(BYTE_PREFIX, value)
  if (value <= 0xffff) return join(WORD_PREFIX, littleEndian(value, 2))
  return join(DWORD_PREFIX, littleEndian(value, 4))
}

export function string(text: string): Aml {
  return join(STRING_PREFIX, ascii(text), 0)
}

/** The seven-character identifier of a plug-and-play device, `PNP0A03`, as the integer it is compressed to. */
export function eisaId(id: string): Aml {
  const letter = (index: number) => id.charCodeAt(index) - 0x40
  const vendor = (letter(0) << 10) | (letter(1) << 5) | letter(2)
  const product = Number.parseInt(id.slice(3), 16)
  return join(DWORD_PREFIX, vendor >> 8, vendor & 0xff, product >> 8, product & 0xff)
}

export function name(path: string, value: Aml): Aml {
  return join(NAME_OP, namePath(path), value)
}

export function scope(path: string, ...terms: readonly Aml[]): Aml {
  return join(SCOPE_OP, packaged(namePath(path), ...terms))
}

export function device(path: string, ...terms: readonly Aml[]): Aml {
  return join(EXTENSION_PREFIX, DEVICE_OP, packaged(namePath(path), ...terms))
}

/** Says that another table defines a device, so that this one can be read by itself. */
export function externalDevice(path: string): Aml {
  // Interpreters older than the External opcode skip it, as nothing in `If (0)` is run.
  return join(IF_OP, packaged(integer(0), EXTERNAL_OP, namePath(path), DEVICE_OBJECT, 0))
}

/** A method that is not serialized. */
export function method(path: string, argumentCount: number, ...terms: readonly Aml[]): Aml {
  return join(METHOD_OP, packaged(namePath(path), argumentCount, ...terms))
}

export function store(source: Aml, target: Aml): Aml {
  return join(STORE_OP, source, target)
}

export function returns(value: Aml): Aml {
  return join(RETURN_OP, value)
}

export function packageOf(...elements: readonly Aml[]): Aml {
  return join(PACKAGE_OP, packaged(elements.length, ...elements))
}

/** A run of I/O ports that fields can be defined in. */
export function portRegion(path: string, base: number, size: number): Aml {
  return join(EXTENSION_PREFIX, REGION_OP, namePath(path), SYSTEM_IO, integer(base), integer(size))
}

/** A field of one byte at the start of a region. */
export function byteField(region: string, path: string): Aml {
  return join(EXTENSION_PREFIX, FIELD_OP, packaged(namePath(region), BYTE_ACCESS, namePath(path), 8))
}

/** Resource descriptors, closed by an end tag, in a buffer. */
export function resources(...descriptors: readonly Aml[]): Aml {
  const END_TAG = 0x79
  const bytes = join(...descriptors, END_TAG, 0)
  return join(BUFFER_OP, packaged(integer(bytes.length), bytes))
}

/** What a package length and the terms it covers look like; the length counts itself. */
function packaged(...terms: readonly (Aml | number)[]): Aml {
  const body = join(...terms)
  if (body.length + 1 <= SHORT_PACKAGE_LENGTH) return join(body.length + 1, body)
  for (let more = 1; more < LONGEST_PACKAGE_LENGTH; more++) {
    const length = body.length + 1 + more
    if (length < 2 ** (4 + 8 * more)) {
      return join((more << 6) | (length & 0xf), littleEndian(Math.floor(length / 16), more), body)
    }
  }
  throw new RangeError(`AML: ${body.length} bytes are more than a term can hold`)
}

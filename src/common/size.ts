// Sizes as people read them.

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** A number of bytes in the largest unit of which it is a whole multiple: `128 MiB`, `1000 bytes`. */
export function showSize(bytes: number): string {
  let [amount, unit] = [bytes, 0]
  while (amount > 0 && amount % 1024 === 0 && unit < UNITS.length - 1) {
    amount /= 1024
    unit++
  }
  return amount === 1 && unit === 0 ? '1 byte' : `${amount} ${UNITS[unit]}`
}

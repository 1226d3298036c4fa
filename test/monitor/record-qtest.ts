// `tsx test/monitor/record-qtest.ts`: sends qtest lines to the QEMU that is installed and records its replies.

import { writeFileSync } from 'node:fs'
import { QemuProcess, qemuVersion } from '../qemu/qemu-process.js'

/** In this order, since memory keeps what is written. None of them makes QEMU abort. */
const LINES = [
  ...[
    'inb 0x505',
    'inw 0x505',
    'inl 0x505',
    'inb 1285',
    'inb 02405',
    'inb +0x505',
    'inb 0x505 more words',
    'inb 0',
    'inl 0xffff',
  ],
  ...[
    'outb 0x504 -1',
    'outl 0x502 18446744073709551615',
    'outw 0x80 0x1ffff',
    'inb \t0x505',
    'inl 0x81',
    'outb 0x81 0x1ff',
    'inb 0x81',
  ],
  ...[
    'readb 0x20000000',
    'readw 0xffffffffffffffff',
    'readl 0x7fffffe',
    'readq 0x7ffffff',
    'read 0x7fffffe 4',
    'read 0x20000000 3',
  ],
  ...[
    'writeb 0x20000000 5',
    'readb 0x20000000',
    'write 0x7fffffe 4 0xaabbccdd',
    'read 0x7fffffe 4',
    'read 0xffffffffffffffff 2',
  ],
  ...[
    'writel 0x1000 0x12345678',
    'read 0x1000 4',
    'readb 0x1000',
    'readw 0x1001',
    'readl 0x1000',
    'readq 0x1000',
    'writeb 0x1000 0x1ff',
  ],
  ...[
    'readb 0x1000',
    'writew 0x1002 -2',
    'read 0x1000 4',
    'writeq 0x1008 -1',
    'read 0x1004 16',
    'writeq 0x1008 0x0102030405060708',
  ],
  ...[
    'read 0x1008 8',
    'write 0x1000 4 0xa',
    'read 0x1000 4',
    'write 0x1000 4 0xaz1',
    'read 0x1000 4',
    'write 0x1000 2 0x0102030405',
  ],
  ...[
    'read 0x1000 4',
    'write 0x1000 2 zz0304',
    'read 0x1000 4',
    'write 0x1000 2 0X0506',
    'write 0x1000 4 0x01zz03',
    'read 0x1000 4',
  ],
  ...[
    'write 0x1000 4 0x0A0b',
    'read 0x1000 4',
    'write 0x1000 1 0x',
    'write 0x1000 1 x',
    'write 0x1000 1 0x0',
    'read 0x1000 1',
  ],
  ...[
    'b64write 0x1000 3 AQID',
    'b64read 0x1000 4',
    'b64write 0x1000 3 AQI=',
    'b64write 0x1000 2 !!!!',
    'b64read 0x1000 3',
  ],
  ...[
    'b64write 0x1000 4 AQIDBAUG',
    'b64read 0x1000 5',
    'b64write 0x1000 2 _w==',
    'b64write 0x1000 2 A-QI=',
    'b64read 0x1000 1',
    'b64read 0x1000 0',
  ],
  ...[
    'b64write 0x1000 2 ab',
    'memset 0x1000 2 0x1ff',
    'read 0x1000 4',
    'memset 0x1000 0 1',
    'memset 0x7fffffe 100 7',
    'readb 0x7ffffff',
  ],
  ...[
    'memset 0x2000 0x20000 0xa5',
    'read 0x21ffe 4',
    'endianness',
    'endianness x',
    'module_load a b',
    'set_irq_in foo bar 0 1',
  ],
  ...[
    'irq_intercept_in /nope',
    'irq_intercept_out /machine/peripheral-anon/device[0]',
    'irq_intercept_in /machine/peripheral-anon/device[0]',
  ],
  ...[
    'memset 0xffffffffffffffff 2 1',
    'read 0 2',
    'write 0xffffffffffffffff 3 0x030405',
    'read 0 3',
    'writew 0xffffffffffffffff 0x0a0b',
    'writeq 0xfffffffffffffffc 0x1122334455667788',
    'read 0 5',
    'readl 0xfffffffffffffffe',
    'read 0xfffffffffffffffe 4',
    'b64write 0xffffffffffffffff 3 AQID',
    'b64read 0xfffffffffffffffe 5',
  ],
  ...[
    `inb ${'0'.repeat(150)}2405`,
    `inb 0x${'0'.repeat(150)}505`,
    `inb -${'0'.repeat(150)}`,
    `outb ${'0'.repeat(200)}2404 ${'0'.repeat(120)}1`,
  ],
  ...[
    'irq_intercept_in device[0]',
    'irq_intercept_in //machine/peripheral-anon/device[0]/',
    'irq_intercept_in peripheral-anon/device[0]',
  ],
  ...[
    'INB 0x505',
    ' inb 0x505',
    'quit',
    'help',
    'rtas',
    'inq 0x505',
    'outq 0x505 1',
    'readx 0',
    'in 0x505',
    'inb\t0x505',
    'x'.repeat(300),
    '\u00e9',
  ],
]

const URL_OF_RECORDING = new URL('recordings/qtest.json', import.meta.url)

const qemu = await QemuProcess.start(['-device', 'pvpanic', '-m', '128M'])
const replies: [string, string][] = []
for (const line of LINES) replies.push([line, await qemu.qtest(line)])
await qemu.dispose()
const text = replies.map((pair) => `    ${JSON.stringify(pair)}`).join(',\n')
writeFileSync(
  URL_OF_RECORDING,
  `{\n  "program": ${JSON.stringify(await qemuVersion())},\n  "replies": [\n${text}\n  ]\n}\n`,
)
console.log(`${replies.length} replies; format the file with "npm run format"`)

// `tsx storming-guest.ts PATH`: a v86 guest that panics without end under `log`, with QMP at PATH.

import { serve } from '../../src/monitor/server/serve.js'
import { bootGuest, GuestRom } from '../../src/testing/index.js'

const [, , path = ''] = process.argv
const storm = new GuestRom().assembly((code) => {
  code.mov('dx', 0x505).mov('al', 1).label('storm').out('dx', 'al').jmp('storm')
})
const guest = await bootGuest({ bios: storm.build(), onPanic: 'log' })
await serve(guest.machine, { qmp: [`unix:${path}`] })

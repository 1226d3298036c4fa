// `isa-pvpanic run`: boots a guest, tells what happened, and exits by whether that was expected.

import { Command } from 'commander'
import type { Terminal } from '../terminal.js'
import { checkFolder, checkWritable } from '../user-files.js'
import { Attempt } from './attempt.js'
import { addRunOptions, type RunOptions, refuseMeaningless } from './options.js'
import { writeReport } from './report-file.js'
import { tellResult, titleOf } from './telling.js'

/** @param finish told of the exit code. */
export function runCommand(terminal: Terminal, finish: (exitCode: number) => void): Command {
  const command = new Command('run').description(
    'boot a guest with a pvpanic device and report what happens; without an image, the built-in guest',
  )
  return addRunOptions(command)
    .addHelpText(
      'after',
      `
Exit code 0: what was expected came; without --expect: the guest panicked and the mode was carried out, or it ended.
          Under --on-panic reset with a --reset-limit it goes on until the guest is preserved after that many resets.
          1: it did not come. 2: usage error. 3: the emulator failed, or the output cannot be written.
          124: time ran out. 130: interrupted by Ctrl-C (143: by SIGTERM); reports are written all the same.

Examples:
  isa-pvpanic run                                              the built-in guest
  isa-pvpanic run --bios my.rom --expect panic --report junit=results.xml
  isa-pvpanic run --kernel bzImage --initrd initrd.gz --append console=ttyS0 --expect panic --fail-on 'BUG:'
  isa-pvpanic run --engine qemu --kernel bzImage --on-panic log --debug-exit 0xf4 --expect panic --expect-exit 33
  isa-pvpanic run --domain guest.xml --kernel bzImage --append 'console=ttyS0 panic=0'
  isa-pvpanic run --ndjson | jq 'select(.kind == "event")'`,
    )
    .action(async (options: RunOptions) => {
      refuseMeaningless(options, command)
      finish(await run(options, terminal))
    })
}

async function run(options: RunOptions, terminal: Terminal): Promise<number> {
  const { report: reports = [], dumpDir } = options
  for (const { path } of reports) checkWritable(path)
  if (dumpDir !== undefined) checkFolder(dumpDir)
  const attempt = new Attempt(options, terminal)
  try {
    const verdict = await attempt.verdict()
    attempt.timeline.add('end', verdict.text)
    const { guest, domain, seconds } = attempt
    const summary = {
      ...verdict,
      name: titleOf(options),
      seconds,
      serial: guest?.serial.text ?? '',
      failureLines: guest?.failureLines ?? [],
    }
    for (const report of reports) await writeReport(report, summary)
    tellResult(options, terminal, { guest, domain, timeline: attempt.timeline, verdict })
    return verdict.exitCode
  } finally {
    await attempt.close()
  }
}

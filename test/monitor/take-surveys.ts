// `tsx test/monitor/take-surveys.ts FOLDER`: makes recordings/old-versions.json.gz out of surveys of QEMU 1.5.0 to 5.2, which run on no
// system of today: what each said on its command line, over QMP and of its objects. FOLDER holds survey-*.json.gz and order-*.json.gz.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { OLD_VERSIONS_URL, type OldVersion } from './old-versions.js'

interface Survey {
  readonly program: string
  readonly version: string
  readonly options?: readonly (readonly [string, { code: number; stdout: string; stderr: string }])[]
  readonly starts?: readonly { machine: string; args: string; stderr: string }[]
  readonly qmp?: {
    readonly greetingLine: string
    readonly errors: readonly (readonly [string, unknown])[]
    readonly beforeNegotiation: readonly unknown[]
    readonly [query: string]: unknown
  }
  readonly qom?: { readonly found: readonly string[]; readonly [path: string]: unknown }
  readonly life?: Readonly<Record<string, { args: { machine?: string; args: string[] }; steps: OldVersion['human'] }>>
}

const [folder = '.'] = process.argv.slice(2)
const read = <Value>(name: string) => JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString()) as Value

/** The parts of a version's survey, which can be in several files. */
function surveys(): Map<string, Survey> {
  const found = new Map<string, Survey>()
  for (const name of readdirSync(folder)
    .filter((file) => file.startsWith('survey-'))
    .sort()) {
    const survey = read<Survey>(name)
    found.set(survey.version, { ...found.get(survey.version), ...survey })
  }
  return found
}

/** Queries that are answered here in full. */
const QUERIES = ['query-name', 'query-uuid', 'query-status', 'set-action', 'system_wakeup', 'qmp_capabilities']
/** The rest asks for objects of a whole PC. */
const isAnswered = (send: string) => !send.includes('qom-list') || send.includes('/nope')

const versions = [...surveys()].map(([version, { program, options = [], starts = [], qmp, qom, life }]): OldVersion => {
  const order = read<{ order: OldVersion['order'] }>(`order-${version === '5.2.0' ? '5.2' : version}-real.json.gz`)
  const [device] = qom?.found ?? []
  return {
    program: program.split('\n')[0] ?? program,
    version,
    help: options.map(([line, { code, stdout, stderr }]) => ({ line, code, stdout, stderr })),
    starts: starts.map(({ machine, args, stderr }) => ({ machine, args, stderr })),
    ...(qmp && {
      greeting: qmp.greetingLine.trimEnd(),
      beforeNegotiation: qmp.beforeNegotiation[0],
      answers: [
        ...QUERIES.map((name) => [`{"execute":"${name}"}`, qmp[name]] as const),
        ...qmp.errors.filter(([send]) => isAnswered(send) && !send.includes('"quit"')),
      ],
    }),
    ...(device !== undefined && { device, properties: qom?.[device] as NonNullable<OldVersion['properties']> }),
    human: life?.hmp?.steps ?? [],
    order: order.order,
  }
})
writeFileSync(OLD_VERSIONS_URL, gzipSync(JSON.stringify(versions), { level: 9 }))

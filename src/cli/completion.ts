// `isa-pvpanic completion`: what a shell needs to complete the program's commands, options and their values.

import { Argument, Command, type Option } from 'commander'
import type { Terminal } from './terminal.js'

const SHELLS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

/** @param program whose commands are completed, once they are all there. */
export function completionCommand(terminal: Terminal, program: Command): Command {
  return new Command('completion')
    .description('print a script with which a shell completes this program')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText(
      'after',
      `
Examples:
  source <(isa-pvpanic completion bash)        in ~/.bashrc; likewise zsh in ~/.zshrc
  isa-pvpanic completion fish > ~/.config/fish/completions/isa-pvpanic.fish`,
    )
    .action((shell: keyof typeof SHELLS) => terminal.out(SHELLS[shell](program)))
}

/** A command with all that can stand behind it. */
interface Completed {
  /** Its words without the program's: 'trace record', or '' for the program itself. */
  readonly path: string
  readonly commands: readonly Command[]
  readonly options: readonly Option[]
  /** Choices of its first argument. */
  readonly choices: readonly string[]
}

function completed(command: Command, path = ''): readonly Completed[] {
  const { commands } = command
  const options = command.createHelp().visibleOptions(command)
  const own = { path, commands, options, choices: command.registeredArguments[0]?.argChoices ?? [] }
  return [own, ...commands.flatMap((below) => completed(below, `${path} ${below.name()}`.trim()))]
}

const longName = ({ long, short }: Option): string => long ?? short ?? ''

/** Where no words are known, bash completes the names of files. */
function bashScript(program: Command): string {
  const all = completed(program)
  const names = all.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`])).join(' | ')
  const values = all.flatMap(({ path, options }) =>
    options
      .filter(({ required, optional }) => required || optional)
      .map((option) => `    '${path} ${longName(option)}') words='${option.argChoices?.join(' ') ?? ''}' ;;`),
  )
  const words = all.map(({ path, commands, options, choices }) => {
    const list = [...commands.map((command) => command.name()), ...choices, ...options.map(longName)]
    return `    '${path}') words='${list.join(' ')}' ;;`
  })
  return `_isa_pvpanic() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= word words=
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "\${command:+$command }$word" in
    ${names}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command $previous" in
${values.join('\n')}
  *)
    case "$command" in
${words.join('\n')}
    esac
    ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _isa_pvpanic isa-pvpanic
`
}

function zshScript(program: Command): string {
  return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(program)}`
}

function fishScript(program: Command): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
  const lines = completed(program).flatMap(({ path, commands, options, choices }) => {
    const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`)
    const below = commands.map((command) => command.name()).join(' ')
    const isHere = [
      path === '' ? '__fish_use_subcommand' : seen.join('; and '),
      ...(path === '' || below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`]),
    ].join('; and ')
    const here = `complete -c isa-pvpanic -n ${quoted(isHere)}`
    return [
      ...commands.map((command) => `${here} -f -a ${command.name()} -d ${quoted(command.description())}`),
      ...(choices.length === 0 ? [] : [`${here} -f -a ${quoted(choices.join(' '))}`]),
      ...options.map((option) => {
        const takes = option.argChoices ? ` -x -a ${quoted(option.argChoices.join(' '))}` : option.required ? ' -r' : ''
        return `${here} -l ${longName(option).replace(/^--/, '')}${takes} -d ${quoted(option.description)}`
      }),
    ]
  })
  return `${lines.join('\n')}\n`
}

import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import { usages as modelsUsages } from '../models/usages.ts'
import { usages as portalUsages } from '../portal/usages.ts'
import { scriptUsages } from '../script-usages.ts'
import { commands } from './index.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [shell] = argv
  const usages = [
    ...Object.entries(commands).map(([name, { usage, summary }]) => ({ name, usage, summary })),
    ...(await scriptUsages()),
  ]
  if (shell === 'bash') io.stdout.write(bash(usages))
  else if (shell === 'zsh') io.stdout.write(zsh(usages))
  else throw new ProblemError(messages.badArguments('completion takes bash or zsh.', 'completion bash|zsh'))
  return 0
}

interface Usage {
  readonly name: string
  readonly usage: string
  readonly summary: string
}

/** Commands with commands of their own. */
const families: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  models: modelsUsages,
  portal: portalUsages,
}

/** The options that a usage line names: `-f`, `--yes`. */
function optionsOf({ name, usage }: Usage): string[] {
  const all = [usage, ...Object.values(families[name] ?? {})].join(' ')
  return [...new Set(Array.from(all.matchAll(/(?<![\w-])--?[a-z][a-z-]*/g), ([option]) => option))]
}

/** The words that may stand as a command's argument: the names of services, or those of its usage (`bash|zsh`). */
function argumentsOf({ name, usage }: Usage, self: string): string {
  if (usage.includes('SERVICE')) return `$("${self}" status 2>/dev/null | awk 'NR > 2 { print $2 }')`
  const family = families[name]
  if (family !== undefined) return Object.keys(family).join(' ')
  return name === 'completion' ? 'bash zsh' : ''
}

function bash(usages: readonly Usage[]): string {
  const cases = usages.map(
    usage =>
      `    ${usage.name}) words="${[...optionsOf(usage), argumentsOf(usage, '${COMP_WORDS[0]}')].join(' ').trim()}" ;;`,
  )
  return `# In ~/.bashrc: source <(courante completion bash)
_courante() {
  local word=\${COMP_WORDS[COMP_CWORD]} words
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${usages.map(({ name }) => name).join(' ')}" -- "$word"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) words= ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _courante courante ./courante
`
}

function zsh(usages: readonly Usage[]): string {
  const described = usages.map(
    ({ name, summary }) => `    '${name}:${summary.replaceAll("'", '’').replaceAll(':', ' ')}'`,
  )
  const cases = usages.map(
    usage =>
      `    ${usage.name}) compadd -- ${[...optionsOf(usage), argumentsOf(usage, '${words[1]}')].join(' ').trim()} ;;`,
  )
  return `#compdef courante
# In ~/.zshrc, after compinit: source <(courante completion zsh)
_courante() {
  local -a names
  names=(
${described.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  case \${words[2]} in
${cases.join('\n')}
  esac
  _files
}
compdef _courante courante
`
}

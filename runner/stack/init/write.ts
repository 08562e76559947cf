import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Draft, DraftService } from './draft.ts'
import { comments } from './messages.ts'

export interface Where {
  /** From the folder of the stack file to the project's folder. */
  readonly project: string
  /** Where an editor finds the schema: a path relative to the stack file, or a URL. */
  readonly schema: string
}

/** The draft as the text of a stack file. */
export function write(draft: Draft, where: Where): string {
  const at = (path: string): string => join(where.project, path)
  const lines = [
    `# yaml-language-server: $schema=${where.schema}`,
    ...comments.head(draft.sources).map(text => comment(text)),
    'version: 1',
    `name: ${scalar(draft.name)}`,
    '',
  ]
  const { python } = draft
  if (python !== undefined)
    lines.push(
      'environment:',
      `  python: # ${comments.python}`,
      `    version: ${scalar(python.version)}`,
      `    venv: ${scalar(at(python.venv))}`,
      `    requirements: [${python.requirements.map(file => scalar(at(file))).join(', ')}]${trailing(python.requirements.length > 0 || !python.needs ? undefined : comments.pythonNoFiles)}`,
      '',
    )
  lines.push('services:')
  for (const service of draft.services) lines.push(...serviceLines(service, draft.twoPanes, at))
  if (draft.twoPanes || draft.open !== undefined) lines.push('', 'console:')
  if (draft.twoPanes) lines.push('  panes: [services, web] # bottom left (two thirds), bottom right')
  if (draft.open !== undefined) lines.push(`  open: ${scalar(draft.open)} # whose address is shown`)
  if (draft.left.length > 0)
    lines.push('', comment('Not started:'), ...draft.left.map(text => comment(`- ${text}`)))
  return `${lines.join('\n')}\n`
}

function serviceLines(service: DraftService, twoPanes: boolean, at: (path: string) => string): string[] {
  const cwd = at(service.dir)
  const { port, portWhy, env, envWhy } = service
  const pairs = Object.entries(env).map(([key, value]) => `${key}: ${scalar(value)}`)
  return [
    comment(service.from, '  '),
    `  ${scalar(service.name)}:`,
    `    command: ${scalar(service.command)}`,
    ...(cwd === '.' ? [] : [`    cwd: ${scalar(cwd)}`]),
    ...(service.envFile ? [`    env_file: ${scalar(at('.env'))}`] : []),
    ...(pairs.length === 0 ? [] : [`    env: { ${pairs.join(', ')} }${trailing(envWhy)}`]),
    ...(port === undefined
      ? portWhy === undefined
        ? []
        : [comment(portWhy, '    ')]
      : [`    port: ${port}${trailing(portWhy)}`]),
    ...(twoPanes && service.web ? ['    pane: web'] : []),
  ]
}

/** As one line of YAML, quoted where it has to be: also inside `[ ]` and `{ }`. */
function scalar(value: string): string {
  const text = stringify(value, { lineWidth: 0, defaultStringType: 'PLAIN' }).trimEnd()
  return text.includes('\n') || /[,[\]{}]/.test(text) ? JSON.stringify(value) : text
}

/** Scripts hold any text; a comment ends at its line's end. */
function comment(text: string, indent = ''): string {
  return `${indent}# ${text.replaceAll(/\s+/g, ' ')}`
}

function trailing(text: string | undefined): string {
  return text === undefined ? '' : ` # ${text}`
}

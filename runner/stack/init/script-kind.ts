import type { Package } from './found.ts'
import { staysUp } from './tools.ts'

/** What a script of a package is for, by its name and, where that is not enough, by its command. */
export type ScriptKind =
  /** Starts the package itself: `dev`, `start`, `start:dev`. */
  | { readonly type: 'main'; readonly rank: number }
  /** Starts a part of it: `dev:api`, `worker`, `watch:css`. */
  | { readonly type: 'part'; readonly name: string; readonly rank: number }
  /** Ends by itself: `build`, `test`, `postinstall`. */
  | { readonly type: 'ends' }
  /** The same in another manner: `start:prod`, `dev:https`. */
  | { readonly type: 'variant' }
  | { readonly type: 'unknown' }

export function kindOfScript(
  script: string,
  { scripts, lasting }: Pick<Package, 'scripts' | 'lasting'>,
): ScriptKind {
  const command = scripts[script] ?? ''
  const hook = /^(?:pre|post)(.+)$/.exec(script)?.[1]
  if (hook !== undefined && (scripts[hook] !== undefined || hook === 'install')) return { type: 'ends' }
  const words = script
    .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(word => word !== '')
  const rest = words.filter(word => !modes.includes(word))
  const rank = Math.min(modes.length, ...words.map(word => modes.indexOf(word)).filter(index => index >= 0))
  if (words.includes('watch') && rest.length > 0 && rest.every(word => compiling.has(word)))
    return { type: 'part', name: words.join('-'), rank }
  if (words.some(word => ending.has(word))) return { type: 'ends' }
  if (words.some(word => manners.has(word))) return { type: 'variant' }
  if (rest.length === 0) {
    // `tsc --watch` runs beside the server; `nodemon server.js` is the server.
    const beside =
      words.join() === 'watch' && !/^(?:node|nodemon|tsx|ts-node|ts-node-dev|bun)\b/.test(command)
    return beside ? { type: 'part', name: 'watch', rank } : { type: 'main', rank }
  }
  const known = rest.some(word => serving.has(word.replace(/\d+$/, '')))
  const stays = known || staysUp(command) || lasting.has(script)
  if (rank < modes.length || stays) return { type: 'part', name: rest.join('-'), rank }
  return { type: 'unknown' }
}

/** Umbrella names count as a way to start the package, so that they compete with `dev` and `start`. */
const modes = ['dev', 'develop', 'development', 'local', 'hot', 'start', 'serve', 'run', 'up', 'watch', 'all']

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '))

const compiling = words('build compile types tsc ts')

const ending = words(
  'test tests unit e2e spec lint eslint prettier format fmt fix check types typecheck tsc build compile bundle dist pack ' +
    'deploy release prepare prepublish publish migrate migration migrations seed clean reset drop install postinstall ' +
    'generate codegen coverage stop down kill setup export eject init update upgrade audit version changelog bench ' +
    'benchmark validate verify husky',
)

const manners = words(
  'prod production staging debug inspect preview ci https host docker analyze profile verbose silent',
)

const serving = words(
  'web api app server service svc client frontend backend front back ui site admin worker workers job jobs queue queues ' +
    'scheduler cron clock gateway proxy bot consumer producer mail mailer storybook websocket ws socket realtime ' +
    'stream daemon agent hub broker listener processor collector redis mock',
)

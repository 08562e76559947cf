import { ProblemError } from '../../../lib/problem.ts'
import { userProblems as problems } from '../messages.ts'
import { nameSchema } from '../protocol.ts'

/** Said to everybody, or by the program. `admin` is not among them: whoever sets this up may like to be called so. */
const reserved = new Set(['everyone', 'system', 'courante'])

/**
 * The name as it is kept. Throws a ProblemError for one that is none, that is reserved, or that can be taken for one of
 * `others`: the same but for case, width or letters that look alike (І l 1, O 0 О), or a mixture of scripts.
 */
export function checkUserName(name: string, others: Iterable<string>): string {
  const parsed = nameSchema.safeParse(name)
  if (!parsed.success) throw new ProblemError(problems.badName(parsed.error.issues[0]?.message ?? ''))
  const chosen = parsed.data
  // A folder of that name would be none of Windows', and `@alice.` at the end of a sentence would not be alice.
  if (chosen.endsWith('.')) throw new ProblemError(problems.badName('it ends with a dot'))
  if (chosen !== chosen.normalize('NFKC'))
    throw new ProblemError(problems.badName('it has letters that only look like others'))
  if (scriptsOf(chosen).size > 1) throw new ProblemError(problems.badName('it mixes scripts'))
  const looks = skeleton(chosen)
  if (isReserved(chosen)) throw new ProblemError(problems.nameReserved(chosen))
  for (const other of others) {
    if (skeleton(other) === looks) throw new ProblemError(problems.nameTaken(chosen, other))
  }
  return chosen
}

/** Whether it looks like one of the program's own. */
export function isReserved(name: string): boolean {
  const looks = skeleton(name)
  return Array.from(reserved, skeleton).includes(looks)
}

/** The scripts of its letters; those of one writing system count as one. */
function scriptsOf(name: string): Set<string> {
  const found = new Set<string>()
  for (const letter of name) {
    if (!/\p{L}/u.test(letter) || /[\p{Script=Common}\p{Script=Inherited}]/u.test(letter)) continue
    found.add(scripts.find(([, pattern]) => pattern.test(letter))?.[0] ?? 'other')
  }
  return found
}

const scripts: readonly [string, RegExp][] = [
  ['Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Arabic', /\p{Script=Arabic}/u],
  [
    'East Asian',
    /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Bopomofo}]/u,
  ],
]

/**
 * What a name looks like: equal for names that a reader mixes up. Not Unicode's whole table of confusables, but the letters
 * of Cyrillic and Greek that are drawn as Latin ones, and 0 o, 1 l i.
 */
function skeleton(name: string): string {
  const folded = name.normalize('NFKC').toLowerCase().normalize('NFKC')
  return Array.from(folded, letter => alike.get(letter) ?? letter).join('')
}

const alike = new Map<string, string>(
  Object.entries({
    a: 'аα',
    b: 'ьв',
    c: 'сϲ',
    d: 'ԁ',
    e: 'еε',
    g: 'ɡ',
    h: 'һн',
    j: 'јϳ',
    k: 'кκ',
    l: '1iıіιӏɩι',
    m: 'м',
    n: 'η',
    o: '0оοօ',
    p: 'рρ',
    q: 'ԛ',
    s: 'ѕ',
    t: 'тτ',
    u: 'υս',
    v: 'ѵν',
    w: 'ԝω',
    x: 'хχ',
    y: 'уүγ',
    z: 'ζ',
  }).flatMap(([latin, others]) => Array.from(others, other => [other, latin] as const)),
)

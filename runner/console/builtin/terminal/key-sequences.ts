export interface KeyFound {
  readonly key: string
  readonly text?: string
  readonly ctrl?: boolean
  readonly alt?: boolean
  readonly shift?: boolean
}

/** What keys send in xterm, tmux, the Linux console and rxvt; undefined for a sequence that is no key we know. */
export function keyOfSequence(sequence: string): KeyFound | undefined {
  const linux = /^\x1b\[\[([A-E])$/.exec(sequence)
  if (linux !== null) return { key: `f${(linux[1] ?? '').charCodeAt(0) - 64}` }
  const [, introducer = '', parameters = '', final = ''] =
    /^\x1b([[O])([0-9;]*)([A-Za-z~^$@])$/.exec(sequence) ?? []
  const [first = '', second = ''] = parameters.split(';')
  if ('~^$@'.includes(final)) {
    const key = numbered[first]
    return key === undefined ? undefined : { key, ...modifiers(second), ...rxvt[final] }
  }
  if (introducer === '[' && final === 'Z') return { key: 'tab', shift: true }
  // rxvt: small letters are arrows with Shift (CSI) or Ctrl (SS3).
  const arrow = 'abcd'.includes(final) ? lettered[final.toUpperCase()] : undefined
  if (arrow !== undefined && parameters === '')
    return { key: arrow, ...(introducer === '[' ? { shift: true } : { ctrl: true }) }
  // The keypad in application mode.
  const keypad = introducer === 'O' ? (keypadKeys[final] ?? undefined) : undefined
  if (keypad !== undefined) return keypad === 'enter' ? { key: keypad } : { key: keypad, text: keypad }
  const key = lettered[final]
  // Old xterms put the modifier alone behind SS3.
  return key === undefined
    ? undefined
    : { key, ...modifiers(second !== '' || introducer === '[' ? second : first) }
}

/** Control characters; `code` is below 32, or 127. */
export function keyOfControl(code: number): KeyFound {
  switch (code) {
    case 0:
      return { key: ' ', ctrl: true }
    case 8:
    case 127:
      return { key: 'backspace' }
    case 9:
      return { key: 'tab' }
    case 10:
    case 13:
      return { key: 'enter' }
    case 27:
      return { key: 'escape' }
    default:
      return { key: String.fromCharCode(code + 64).toLowerCase(), ctrl: true }
  }
}

const numbered: Readonly<Record<string, string>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
}

const lettered: Readonly<Record<string, string>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  F: 'end',
  H: 'home',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
}

const keypadKeys: Readonly<Record<string, string>> = {
  M: 'enter',
  X: '=',
  j: '*',
  k: '+',
  l: ',',
  m: '-',
  n: '.',
  o: '/',
  ...Object.fromEntries('pqrstuvwxy'.split('').map((letter, digit) => [letter, String(digit)])),
}

/** rxvt tells modifiers by the last character. */
const rxvt: Readonly<Record<string, Partial<KeyFound>>> = {
  $: { shift: true },
  '^': { ctrl: true },
  '@': { ctrl: true, shift: true },
}

/** xterm's: 1 and a sum of Shift 1, Alt 2, Ctrl 4, Meta 8. */
function modifiers(parameter: string): Partial<KeyFound> {
  const bits = parameter === '' ? 0 : Number(parameter) - 1
  return {
    shift: (bits & 1) !== 0,
    alt: (bits & 10) !== 0,
    ctrl: (bits & 4) !== 0,
  }
}

import { limits } from './limits.ts'

/** As much of micromark's tokenizer as is needed here. */
type Code = number | null
type State = (code: Code) => State | undefined
interface Effects {
  enter(type: string): unknown
  exit(type: string): unknown
  consume(code: Code): void
  check(construct: { tokenize: Tokenize; partial: true }, ok: State, nok: State): State
}
type Tokenize = (this: { previous: Code }, effects: Effects, ok: State, nok: State) => State

/**
 * Formulas between single dollars, where they are none of prices, and between `\(` and `\)`, `\[` and `\]`, as many models
 * write them. micromark-extension-math has to leave single dollars alone; it knows the tokens.
 */
export const mathText = { text: { 36: { name: 'mathText', tokenize }, 92: { name: 'mathText', tokenize } } }

/** "$5 and $6" are prices: a formula begins and ends at something, no digit follows, and it is no sentence about money. */
export function isFormula(before: string, content: string, after: string): boolean {
  if (content === '' || /^\s|\s$/.test(content) || /\d/.test(after) || /[\p{L}\p{N}$]/u.test(before))
    return false
  return !(/^[\d.,]+\s/.test(content) && /\p{L}{3}/u.test(content) && !content.includes('\\'))
}

function tokenize(this: { previous: Code }, effects: Effects, ok: State, nok: State): State {
  const { previous } = this
  let closing = ''
  let last = ''
  return effects.check({ tokenize: lookAhead(previous), partial: true }, begin, nok)

  function begin(code: Code): State {
    effects.enter('mathText')
    effects.enter('mathTextSequence')
    effects.consume(code)
    closing = code === 36 ? '$' : ''
    if (closing === '$') return opened
    return second => {
      closing = second === 40 ? ')' : ']'
      effects.consume(second)
      return opened
    }
  }

  function opened(code: Code): State | undefined {
    effects.exit('mathTextSequence')
    return between(code)
  }

  function between(code: Code): State | undefined {
    if (isLineEnding(code)) {
      effects.enter('lineEnding')
      effects.consume(code)
      effects.exit('lineEnding')
      last = ''
      return between
    }
    if (closing === '$' && code === 36) return close(code)
    effects.enter('mathTextData')
    return data(code)
  }

  function data(code: Code): State | undefined {
    const isEnd = closing === '$' ? code === 36 : last === '\\' && charOf(code) === closing
    if (isEnd) {
      if (closing !== '$') effects.consume(code)
      effects.exit('mathTextData')
      if (closing === '$') return close(code)
      effects.exit('mathText')
      return ok
    }
    if (isLineEnding(code)) {
      effects.exit('mathTextData')
      return between(code)
    }
    effects.consume(code)
    // An escaped backslash is no beginning of the end.
    last = last === '\\' && code === 92 ? '' : charOf(code)
    return data
  }

  function close(code: Code): State {
    effects.enter('mathTextSequence')
    effects.consume(code)
    effects.exit('mathTextSequence')
    effects.exit('mathText')
    return ok
  }
}

/** Goes over what may be a formula, and says whether it is one. */
function lookAhead(before: Code): Tokenize {
  return (effects, ok, nok) => {
    let content = ''
    let closing = ''
    return code => {
      effects.enter('mathTextSequence')
      effects.consume(code)
      if (code === 36) {
        closing = '$'
        return inside
      }
      return second => {
        if (second !== 40 && second !== 91) return nok(second)
        closing = second === 40 ? ')' : ']'
        effects.consume(second)
        return inside
      }
    }

    function inside(code: Code): State | undefined {
      if (code === null || content.length > limits.formulaLength) return nok(code)
      if (closing === '$' && code === 36) {
        effects.consume(code)
        return after => {
          effects.exit('mathTextSequence')
          return (isFormula(charOf(before), content, charOf(after)) && after !== 36 ? ok : nok)(after)
        }
      }
      if (charOf(code) === closing && /(?<!\\)(?:\\\\)*\\$/.test(content)) {
        effects.exit('mathTextSequence')
        return (content.length > 1 ? ok : nok)(code)
      }
      content += charOf(code)
      if (isLineEnding(code)) {
        effects.exit('mathTextSequence')
        effects.enter('lineEnding')
        effects.consume(code)
        effects.exit('lineEnding')
        effects.enter('mathTextSequence')
        return inside
      }
      effects.consume(code)
      return inside
    }
  }
}

/** Micromark's codes below zero are line endings, tabs and the spaces that a tab stands for. */
function isLineEnding(code: Code): boolean {
  return code !== null && code < -2
}

function charOf(code: Code): string {
  if (code === null) return ''
  return code < 0 ? ' ' : String.fromCharCode(code)
}

import type { PromptObject } from 'prompts'
import type { Io } from '../lib/io.ts'

/** A question with yes or no. A signal, Escape and Ctrl-C mean no. */
export async function confirm(message: string, io: Io): Promise<boolean> {
  return (await prompt<boolean>({ type: 'confirm', message, initial: false }, io)) === true
}

export interface Choice {
  readonly title: string
  readonly value: string
  readonly description?: string
}

/** One of several, with a search by typing. Undefined after Escape, Ctrl-C or a signal. */
export function search(message: string, choices: readonly Choice[], io: Io): Promise<string | undefined> {
  return prompt<string>(
    {
      type: 'autocomplete',
      message,
      choices: [...choices],
      limit: Math.max(5, Math.min(20, ((io.stdout as { rows?: number }).rows ?? 24) - 4)),
      clearFirst: true,
      suggest: (input: string, all: Choice[]) => {
        const words = input.toLowerCase().split(/\s+/)
        const hits = all.filter(({ title }) => words.every(word => title.toLowerCase().includes(word)))
        return Promise.resolve(hits)
      },
    } as Question,
    io,
  )
}

/** One of a few. */
export function choose(message: string, choices: readonly Choice[], io: Io): Promise<string | undefined> {
  return prompt<string>(
    { type: 'select', message, choices: [...choices], initial: 0, hint: 'arrows, Enter; Esc ends' },
    io,
  )
}

/** Any of a few; Space changes one. Undefined after Escape, Ctrl-C or a signal. */
export function chooseSeveral(
  message: string,
  choices: readonly (Choice & { readonly selected: boolean })[],
  io: Io,
): Promise<string[] | undefined> {
  return prompt<string[]>(
    {
      type: 'multiselect',
      message,
      choices: [...choices],
      instructions: false,
      hint: 'Space: yes or no; Enter',
    },
    io,
  )
}

type Question = Omit<PromptObject<'answer'>, 'name'>

/** Any question of prompts. Undefined after Escape, Ctrl-C or a signal. */
export async function prompt<T>(question: Question, io: Io): Promise<T | undefined> {
  const { default: prompts } = await import('prompts')
  let stop = () => {}
  let left = false
  const onAbort = () => stop()
  io.signal.addEventListener('abort', onAbort)
  try {
    const answers = await prompts<'answer'>({
      ...question,
      name: 'answer',
      stdin: io.stdin,
      stdout: io.stdout,
      // After Escape the list's answer would be what is under the cursor.
      onState: (state: { aborted?: boolean; exited?: boolean }) => {
        left = state.aborted === true || state.exited === true
      },
      // The only way that prompts gives to the question itself, which has to give the terminal back when a signal comes.
      onRender(this: { abort(): void }) {
        stop = () => this.abort()
      },
    })
    return left || io.signal.aborted ? undefined : (answers.answer as T | undefined)
  } finally {
    io.signal.removeEventListener('abort', onAbort)
  }
}

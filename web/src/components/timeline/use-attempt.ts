import { problemOf } from '../../state/api.ts'
import { refusalInWords } from '../../state/room/words.ts'
import { toast } from '../../state/toasts.ts'
import { sentence } from '../controls/problem.tsx'

/** Carries something out whose refusal is told at the edge of the window. Codes in `fine` are no news: it has ended anyway. */
export function useAttempt(): (action: Promise<unknown>, fine?: readonly string[]) => void {
  return attempt
}

function attempt(action: Promise<unknown>, fine: readonly string[] = []): void {
  action.catch((error: unknown) => {
    const problem = problemOf(error)
    if (!fine.includes(problem.code)) toast(sentence(refusalInWords(problem).title), 'bad')
  })
}

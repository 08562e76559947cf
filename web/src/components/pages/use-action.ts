import { useMutation } from '@tanstack/react-query'
import { problemOf } from '../../state/api.ts'

/** One request after the other for a control, and what went wrong with the last one. A bug throws, where it is rendered. */
export function useAction() {
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: (ask: () => Promise<unknown>) => ask(),
  })
  return {
    /** `then` runs only if nothing went wrong. */
    run: (ask: () => Promise<unknown>, then?: () => void) => mutate(ask, { onSuccess: () => then?.() }),
    busy: isPending,
    problem: error === null ? undefined : problemOf(error),
    reset,
  }
}

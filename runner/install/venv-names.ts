import { basename, dirname, join } from 'node:path'

/** What Courante leaves in a venv and beside it. Apart, for those who have to work without any npm package. */
export const stampName = '.courante-stamp.json'

/** Lies in a venv that is being made (venv-swap.ts). */
export const markName = '.courante-unfinished'
/** The venv that was there before, until the new one works. */
export const oldName = '.courante-old'
/** Lies in a venv while packages are installed: where it is left, some of them may be there by half. */
export const installingName = '.courante-installing'

/** Where a venv lies until it can take its place. */
export function besideOf(venv: string): string {
  return join(dirname(venv), `.${basename(venv)}.courante-new`)
}

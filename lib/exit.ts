/** Exit codes of every command; documented in docs/commands.md. */
export const exit = {
  ok: 0,
  /** It was tried and failed. */
  failed: 1,
  /** Wrong arguments, a broken stack file, or a question that nobody can answer. */
  usage: 2,
  /** The user said no. */
  declined: 3,
  /** Nothing is running that could answer. */
  notRunning: 4,
} as const

/** How long to wait before the start after the n-th crash in a row: 100 ms, doubled each time, 30 s at most. */
export function restartDelayMs(crashes: number): number {
  return Math.min(30_000, 100 * 2 ** Math.max(0, crashes - 1))
}

import type { Asker } from './subject.ts'

/** What one turn of one subject gave. Times in ms. */
export interface Turn {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
}

/** `count` requests, always `inFlight` of them at once. */
export async function measure(asker: Asker, count: number, inFlight: number): Promise<Turn> {
  const times: number[] = []
  let left = count
  const began = performance.now()
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left-- > 0) {
        const asked = performance.now()
        await asker.ask()
        times.push(performance.now() - asked)
      }
    }),
  )
  const seconds = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), perSecond: count / seconds }
}

/** Of sorted numbers. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

export function median(numbers: readonly number[]): number {
  return quantile(
    numbers.toSorted((a, b) => a - b),
    0.5,
  )
}

export interface Sample {
  readonly at: number
  readonly bytes: number
}

/** Long enough to be calm, short enough to notice that the network has gone. */
const windowMs = 6000

/** The latest samples of a download; a smaller one than before means that it began anew. */
export function addSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1)
  if (last !== undefined && sample.bytes < last.bytes) return [sample]
  if (last?.at === sample.at) return samples
  return [...samples.filter(({ at }) => sample.at - at <= windowMs), sample]
}

/** Bytes a second; undefined while there is nothing to tell it from. */
export function rateOf(samples: readonly Sample[]): number | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.at - first.at < 900) return undefined
  return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000
}

/** Below it (-54 dB of full scale) there is nothing but the noise of a device. */
const faintest = 0.002

export function isFaint(samples: Float32Array): boolean {
  return peakOf(samples) < faintest
}

export function peakOf(samples: Float32Array): number {
  let peak = 0
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample))
  return peak
}

/** From -1 to 1, which lib/wav.ts made of 16 bits, or a model; what is beyond is cut off. */
export function pcm16(samples: Float32Array): Int16Array {
  return Int16Array.from(samples, sample => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))))
}

/** Where sound comes from: pieces of PCM16, little-endian, mono. */
export interface Source {
  readonly sampleRate: number
  readonly pieces: AsyncIterable<Buffer>
}

/** What the worklet's global scope has beyond a window's; TypeScript's library doesn't describe it. */
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort
  abstract process(inputs: readonly (readonly Float32Array[])[]): boolean
}

declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: { chunkSamples: number } }) => AudioWorkletProcessor,
): void

// @ts-check
// JavaScript, since `new URL(…, import.meta.url)` hands the file to the browser as it lies, in the built page too.

/** Collects mono samples into chunks of PCM16 and posts each as an ArrayBuffer. */
class Capture extends AudioWorkletProcessor {
  /** @param {{ processorOptions: { chunkSamples: number } }} options */
  constructor(options) {
    super()
    this.chunk = new Int16Array(options.processorOptions.chunkSamples)
    this.filled = 0
  }

  /**
   * @override
   * @param {readonly (readonly Float32Array[])[]} inputs
   */
  process(inputs) {
    for (const sample of inputs[0]?.[0] ?? []) {
      this.chunk[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)))
      if (this.filled === this.chunk.length) {
        const full = this.chunk
        this.chunk = new Int16Array(full.length)
        this.filled = 0
        this.port.postMessage(full.buffer, [full.buffer])
      }
    }
    return true
  }
}

registerProcessor('capture', Capture)

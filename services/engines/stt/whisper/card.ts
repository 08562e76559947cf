/** What whisper.cpp's server says of the graphics card while it loads (its src/whisper.cpp). */
export class Card {
  /** `CUDA0`, `Vulkan0`, `Metal` …; undefined: it found none, or has not said so yet. */
  name: string | undefined
  /** That it has taken there. */
  bytes = 0

  hear(line: string): void {
    this.name ??= /backend_init_gpu: using (\S+) backend/.exec(line)?.[1]
    const [, place, weights] = /model_load: +(\S+) total size = +([\d.]+) MB/.exec(line) ?? []
    if (place !== undefined && !place.startsWith('CPU')) this.bytes += Number(weights) * 1e6
    // Caches and buffers do not name their place: it is where the work is done.
    const [, rest] = /init_state: .* = +([\d.]+) MB/.exec(line) ?? []
    if (rest !== undefined && this.name !== undefined) this.bytes += Number(rest) * 1e6
  }
}

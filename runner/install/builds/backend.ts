/** What a program is built for; Metal is ggml's own choice on a Mac. */
export type Backend = 'cuda' | 'vulkan' | 'metal' | 'cpu'

export interface BuildMachine {
  readonly platform: NodeJS.Platform
  /** Whose card and driver are here; undefined: none that would pay. */
  readonly gpu: 'cuda' | 'vulkan' | undefined
  readonly hasNvcc: boolean
  readonly hasGlslc: boolean
}

/** A card is of use where its compiler is here, too. */
export function backendFor({ platform, gpu, hasNvcc, hasGlslc }: BuildMachine): Backend {
  if (platform === 'darwin') return 'metal'
  if (gpu === 'cuda' && hasNvcc) return 'cuda'
  return gpu === 'vulkan' && hasGlslc ? 'vulkan' : 'cpu'
}

/** Of ggml, so of whisper.cpp and of llama.cpp. */
export const backendOptions: Readonly<Record<Backend, readonly string[]>> = {
  cuda: ['-DGGML_CUDA=1'],
  vulkan: ['-DGGML_VULKAN=1'],
  metal: [],
  cpu: [],
}

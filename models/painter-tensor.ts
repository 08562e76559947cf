/** As checkpoints of Stable Diffusion name them; a network alone, which needs more files, has other names. */
export function isPainterTensor(name: string): boolean {
  return /^(model\.diffusion_model|first_stage_model|unet)\./.test(name)
}

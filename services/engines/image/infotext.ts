import type { Picture, Stroke } from './paint-all.ts'

/** What a picture was made of, as the Stable Diffusion WebUI writes it into its files, so that other programs can read it. */
export function infotext(stroke: Stroke, picture: Picture, width: number, height: number): string {
  const facts: readonly (readonly [string, string | number | undefined])[] = [
    ['Steps', picture.steps],
    ['Sampler', picture.sampler],
    ['CFG scale', picture.guidance],
    ['Seed', picture.seed ?? stroke.seed],
    ['Size', `${width}x${height}`],
  ]
  return [
    stroke.prompt,
    ...(stroke.negativePrompt === undefined ? [] : [`Negative prompt: ${stroke.negativePrompt}`]),
    facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])).join(', '),
  ].join('\n')
}

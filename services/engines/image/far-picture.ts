import type { Endpoint } from '../shared/endpoint.ts'
import { PngError, readPng } from './png.ts'

/** Bytes of an answer with a picture in base64. */
export const pictureLimit = 64 * 1024 * 1024

/** A slow machine may take long for a picture, and says nothing meanwhile. */
export const patience = { silenceMs: 3_600_000 } as const

/** A checked PNG file out of an endpoint's answer. */
export function pictureFrom(endpoint: Endpoint, base64: string): Buffer {
  const png = Buffer.from(base64, 'base64')
  try {
    readPng(png)
    return png
  } catch (error) {
    if (!(error instanceof PngError)) throw error
    throw endpoint.failure({ fault: 'bad_answer', detail: `it sent ${error.message}` })
  }
}

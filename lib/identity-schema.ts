import { z } from 'zod'
import { jsonOrUndefined } from './parse-json.ts'
import type { ProcessIdentity } from './process-identity.ts'

/** As it stands in a file; apart from process-identity.ts, so that small programs do without zod. */
export const identitySchema = z.object({ pid: z.int().positive(), started: z.string(), boot: z.string() })

/** Undefined for anything else, such as a file that is empty after a power cut. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  return identitySchema.safeParse(jsonOrUndefined(text)).data
}

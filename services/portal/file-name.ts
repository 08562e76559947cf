import { z } from 'zod'

/** A file of the request's own folder: a plain name, so that no request can point at anything else. */
export const fileNameSchema = z
  .string()
  .max(255)
  .regex(/^[^/\\\0]+$/)
  .refine(name => !name.startsWith('.'), 'must not start with a dot')

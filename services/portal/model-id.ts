import { z } from 'zod'

/** The id of a model, as `courante models` lists it: `starter`, `ollama/llama3.2:1b`. */
export const modelIdSchema = z
  .string()
  .max(200)
  .regex(/^[\w][\w./:@+-]*$/, 'expected the id of a model')

import { z } from 'zod'

/** Such as `de`, also of `de-AT`: these models know no more of it. Undefined, as `auto`: as it is spoken. */
export const languageSchema = z
  .string()
  .regex(/^[a-z]{2,3}(-[A-Za-z]+)?$|^auto$/, 'expected a code such as en or de, or auto')
  .optional()
  .transform(text => (text === undefined || text === 'auto' ? undefined : text.split('-')[0]))

import type { ListedAgent } from '../../../../services/backend/protocol.ts'

/** Which model an agent thinks with, how far that is on its way into memory, and others to take instead. */
export function ModelPicker(_: { agent: ListedAgent }) {
  return null
}

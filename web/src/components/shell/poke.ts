import { problemOf } from '../../state/api.ts'
import type { RoomView } from '../../state/room/view.ts'
import { toast } from '../../state/toasts.ts'
import { sentence } from '../controls/problem.tsx'

/** Asks an agent to say something now, without a message. */
export async function poke(view: RoomView, agent: string): Promise<void> {
  try {
    await view.poke(agent)
  } catch (error) {
    toast(sentence(problemOf(error).title), 'bad')
  }
}

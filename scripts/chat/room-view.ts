import type { LiveReply, Message, RoomEvent } from '../../services/chat/protocol.ts'

/** What has to be done to a screen that shows a room. */
export type Change =
  | { readonly type: 'message'; readonly message: Message }
  /** Those from this ordinal on are not so any more. */
  | { readonly type: 'rewound'; readonly id: number }
  | { readonly type: 'note'; readonly note: 'renamed' | 'gone' | 'anew'; readonly about?: string }
  | {
      readonly type: 'failed'
      readonly agent: string
      readonly what: string
      readonly todo: string | undefined
    }

/** What a room's reader knows beside its messages: who is there, and the answers that are being written. */
export class RoomView {
  readonly replies = new Map<string, LiveReply>()
  present: readonly string[] = []

  /** Takes in an event; gives what a screen has to show of it. */
  take(event: RoomEvent): Change | undefined {
    switch (event.type) {
      case 'hello':
        this.present = event.present
        this.replies.clear()
        for (const reply of event.replies) this.replies.set(reply.reply, reply)
        return undefined
      case 'presence':
        this.present = event.present
        return undefined
      case 'message':
        if (event.reply !== undefined) this.replies.delete(event.reply)
        return { type: 'message', message: event.message }
      case 'reply.started':
        this.replies.set(event.reply, {
          reply: event.reply,
          agent: event.agent,
          text: this.replies.get(event.reply)?.text ?? '',
          state: 'writing',
        })
        return undefined
      case 'reply.delta': {
        const reply = this.replies.get(event.reply)
        if (reply === undefined) return undefined
        const text = reply.text.slice(0, event.at) + event.text
        this.replies.set(event.reply, { ...reply, text, state: 'writing' })
        return undefined
      }
      case 'reply.ended': {
        const agent = this.replies.get(event.reply)?.agent ?? ''
        this.replies.delete(event.reply)
        const { problem } = event
        if (problem === undefined) return undefined
        return { type: 'failed', agent, what: problem.title, todo: problem.detail }
      }
      case 'rewind':
        return { type: 'rewound', id: event.id }
      case 'reset':
        return { type: 'note', note: 'anew' }
      case 'renamed':
        return { type: 'note', note: 'renamed', about: event.to }
      case 'gone':
        return { type: 'note', note: 'gone' }
      case 'beat':
        return undefined
    }
  }
}

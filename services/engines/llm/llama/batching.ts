import type { BatchItem, PrioritizedBatchItem } from 'node-llama-cpp'

/** A sequence that has its token needs some eight turns to ask for its next one. */
const mostTurns = 32

/**
 * What goes into each batch. The library starts the next batch with what asks for it at once, and of eight sequences one or two
 * came a few microtasks later, with every batch: they had to wait for one of their own. Here a batch waits for them.
 */
export class Batching {
  /** Sequences that are at work. */
  active = 0
  #turns = 0

  /** An empty batch is none, and makes the library ask again after the microtasks that are due. */
  readonly strategy = ({
    items,
    size,
  }: {
    items: readonly BatchItem[]
    size: number
  }): PrioritizedBatchItem[] => {
    if (items.length < this.active && this.#turns < mostTurns) {
      this.#turns++
      return []
    }
    this.#turns = 0
    return share(items, size)
  }
}

/**
 * Each gets as much as the others; what one does not need goes to those that need more. They stand in the order of their
 * sequences, which their requests carry as priorities (the library has no other place for it): llama.cpp evaluates
 * neighbours together, and cuts a batch in two wherever the next sequence is not the next one.
 */
function share(items: readonly BatchItem[], size: number): PrioritizedBatchItem[] {
  const byNeed = items.toSorted((one, other) => one.tokens.length - other.tokens.length)
  let left = size
  const shares = byNeed.map((item, at) => {
    const processAmount = Math.min(item.tokens.length, Math.floor(left / (byNeed.length - at)))
    left -= processAmount
    return { item, processAmount }
  })
  return shares
    .filter(({ processAmount }) => processAmount > 0)
    .toSorted((one, other) => one.item.evaluationPriority - other.item.evaluationPriority)
}

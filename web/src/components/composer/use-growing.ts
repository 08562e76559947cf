import { useLayoutEffect, type RefObject } from 'react'

/** Where the style sheet's `field-sizing` is not known: the field is as high as its text, looked at after each rendering. */
export function useGrowing(field: RefObject<HTMLTextAreaElement | null>): void {
  useLayoutEffect(() => {
    const { current } = field
    if (current === null || CSS.supports('field-sizing', 'content')) return
    current.style.setProperty('height', 'auto')
    current.style.setProperty('height', `${current.scrollHeight}px`)
  })
}

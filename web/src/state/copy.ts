/** Puts text on the clipboard; false where the browser doesn't let it. */
export async function copyText(text: string): Promise<boolean> {
  // There is none over plain http from another machine.
  if (navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text)
      return true
    } catch (error) {
      if (!(error instanceof DOMException)) throw error
    }
  }
  const field = document.createElement('textarea')
  field.value = text
  field.readOnly = true
  field.style.cssText = 'position: fixed; inset-block-start: 0; opacity: 0'
  const focused = document.activeElement
  // Inside a modal dialog nothing else can be selected.
  const place = document.querySelector('dialog:modal') ?? document.body
  place.append(field)
  field.select()
  const copied = document.execCommand('copy')
  field.remove()
  if (focused instanceof HTMLElement) focused.focus()
  return copied
}

import { useEffect, useState } from 'react'
import { Icon } from '../controls/icon.tsx'
import './drop-cover.css'

/** Takes files that are dropped anywhere on the page; beside the target the browser would leave the page to show them. */
export function DropCover({ onFiles }: { onFiles: (files: File[]) => void }) {
  const [isOver, setOver] = useState(false)
  useEffect(() => {
    const life = new AbortController()
    const listen = (type: 'dragover' | 'dragleave' | 'drop', act: (event: DragEvent) => void): void =>
      window.addEventListener(
        type,
        event => {
          if (event.dataTransfer?.types.includes('Files') === true && !event.defaultPrevented) act(event)
        },
        { signal: life.signal },
      )
    const isDialog = (): boolean => document.querySelector('dialog:modal') !== null
    listen('dragover', event => {
      event.preventDefault()
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = isDialog() ? 'none' : 'copy'
      setOver(!isDialog())
    })
    listen('dragleave', event => {
      // Between elements of the page there is another one that is entered.
      if (event.relatedTarget === null) setOver(false)
    })
    listen('drop', event => {
      event.preventDefault()
      setOver(false)
      if (!isDialog()) onFiles([...(event.dataTransfer?.files ?? [])])
    })
    return () => life.abort()
  }, [onFiles])
  return (
    isOver && (
      <div className="drop-cover">
        <p>
          <Icon name="attach" /> Drop to attach
        </p>
      </div>
    )
  )
}

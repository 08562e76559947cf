import { useEffect, useState } from 'react'
import { copyText } from '../../state/copy.ts'
import { Icon } from '../controls/icon.tsx'

/** Copies exactly this text, and says so where it stands. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const [done, setDone] = useState<'copied' | 'refused' | undefined>()
  useEffect(() => {
    if (done === undefined) return
    const timer = setTimeout(() => setDone(undefined), 2000)
    return () => clearTimeout(timer)
  }, [done])
  return (
    <button
      className="code-button"
      type="button"
      aria-label={label}
      onClick={() => void copyText(text).then(isCopied => setDone(isCopied ? 'copied' : 'refused'))}
    >
      <Icon name={done === 'copied' ? 'check' : 'copy'} />
      <span role="status">{done === undefined ? '' : words[done]}</span>
    </button>
  )
}

const words = { copied: 'Copied', refused: 'The browser doesn’t allow it' } as const

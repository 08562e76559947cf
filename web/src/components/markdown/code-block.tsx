import './code-block.css'
import { useState } from 'react'
import { CopyButton } from './copy-button.tsx'
import { Scrolling } from './scrolling.tsx'
import { toElements } from './to-elements.ts'
import { useColours } from './use-colours.ts'

export function CodeBlock({ code, language }: { code: string; language: string }) {
  const [isWrapped, setWrapped] = useState(false)
  const { coloured, plain } = useColours(code, language)
  return (
    <div className="code-block">
      <div className="code-head">
        <span className="code-language">{language || 'Text'}</span>
        <button
          className="code-button"
          type="button"
          aria-pressed={isWrapped}
          onClick={() => setWrapped(!isWrapped)}
        >
          Wrap
        </button>
        <CopyButton text={code} label="Copy code" />
      </div>
      <Scrolling className={isWrapped ? 'code wrapped' : 'code'} label="Code">
        <pre>
          <code>
            {coloured !== undefined && toElements(coloured)}
            {plain}
          </code>
        </pre>
      </Scrolling>
    </div>
  )
}

import { useState } from 'react'
import { copyText } from '../../state/copy.ts'
import { Icon } from '../controls/icon.tsx'

/** Something that can be copied, and must be: it is shown this once. */
export function Secret({ label, text }: { label: string; text: string }) {
  const [said, setSaid] = useState('')
  return (
    <div className="field">
      <span className="label">{label}</span>
      <code className="secret" tabIndex={0} aria-label={label}>
        {text}
      </code>
      <div className="row">
        <button
          className="button"
          type="button"
          onClick={() =>
            void copyText(text).then(copied =>
              setSaid(copied ? 'Copied' : 'Could not be copied. Select it and copy it by hand.'),
            )
          }
        >
          <Icon name="copy" /> Copy
        </button>
        <span className="soft note" role="status">
          {said}
        </span>
      </div>
    </div>
  )
}

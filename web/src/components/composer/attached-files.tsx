import { bytes, share } from '../../state/format.ts'
import type { RoomUploads } from '../../state/uploads/room-uploads.ts'
import type { Upload } from '../../state/uploads/uploads.ts'
import { Icon } from '../controls/icon.tsx'
import { sentence } from '../controls/problem.tsx'
import './attached-files.css'

export function AttachedFiles({ uploads, files }: { uploads: RoomUploads; files: readonly Upload[] }) {
  return (
    <ul className="attached" aria-label="Files of this message">
      {files.map(file => (
        <li key={file.key} className="attached-file" data-state={file.state.type}>
          <Thumbnail file={file} preview={uploads.preview(file.key)} />
          <span className="attached-words">
            <span className="attached-name" dir="auto" title={file.name}>
              {file.name}
            </span>
            <State file={file} />
          </span>
          {file.state.type === 'failed' && !file.state.final && (
            <button
              className="icon-button"
              type="button"
              aria-label={`Try ${file.name} again`}
              onClick={() => uploads.retry(file.key)}
            >
              <Icon name="again" />
            </button>
          )}
          <button
            className="icon-button"
            type="button"
            aria-label={`Remove ${file.name}`}
            onClick={() => uploads.remove(file.key)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  )
}

function Thumbnail({ file, preview }: { file: Upload; preview: string | undefined }) {
  return (
    <span className="attached-picture">
      {preview === undefined ? (
        <Icon name={file.state.type === 'failed' ? 'warning' : 'file'} />
      ) : (
        <img src={preview} alt="" />
      )}
    </span>
  )
}

function State({ file: { name, bytes: size, state } }: { file: Upload }) {
  switch (state.type) {
    case 'waiting':
      return <span className="attached-state">Waiting</span>
    case 'sending':
      return (
        <span className="attached-state number">
          <progress aria-label={`Uploading ${name}`} value={state.progress} /> {share(state.progress)}
        </span>
      )
    case 'done':
      return <span className="attached-state number">{bytes(size)}</span>
    case 'failed':
      return (
        <span className="attached-state" role="alert">
          {[state.problem.title, state.problem.detail ?? ''].filter(Boolean).map(sentence).join(' ')}
        </span>
      )
  }
}

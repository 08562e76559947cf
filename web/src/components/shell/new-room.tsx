import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { useLocation } from 'wouter'
import type { ListedAgent, Me, RoomDetail } from '../../../../services/backend/protocol.ts'
import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { call, problemOf, roomPath } from '../../state/api.ts'
import { agentsQuery, queries, roomsQuery } from '../../state/queries.ts'
import { closeDialog } from '../../state/shell/dialogs.ts'
import { nameFromFile, roomNameFault, roomNameRule } from '../../state/shell/room-name.ts'
import { roomHref } from '../../state/shell/rooms.ts'
import { Dialog } from '../controls/dialog.tsx'
import { Icon } from '../controls/icon.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { AgentChoice } from './agent-choice.tsx'

export function NewRoom({ me }: { me: Me }) {
  const [, navigate] = useLocation()
  const { data: listed } = useQuery(agentsQuery)
  const [name, setName] = useState('')
  const [left, setLeft] = useState(false)
  const [own, setOwn] = useState(false)
  const [chosen, setChosen] = useState<readonly string[]>()
  const [file, setFile] = useState<File>()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem>()
  const hint = useId()
  const fault = roomNameFault(name.trim())
  // A file's labels may say anything, so the server takes it only below the name of who is no admin.
  const mustBeOwn = file !== undefined && me.role !== 'admin'
  const agents = chosen ?? defaults(listed?.agents ?? [])

  const make = async (): Promise<void> => {
    setLeft(true)
    setProblem(undefined)
    if (fault !== undefined) return
    setBusy(true)
    const id = own || mustBeOwn ? `${me.name}/${name.trim()}` : name.trim()
    try {
      const room = await made(id, agents, file)
      await queries.invalidateQueries({ queryKey: roomsQuery.queryKey })
      closeDialog()
      navigate(roomHref(room.id))
    } catch (error) {
      setProblem(problemOf(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title="New room" onClose={closeDialog} busy={busy}>
      <form
        className="stack"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          if (!busy) void make()
        }}
      >
        <label className="field">
          <span className="label">Name</span>
          <input
            className="input"
            value={name}
            maxLength={100}
            autoComplete="off"
            aria-invalid={left && fault !== undefined}
            aria-describedby={hint}
            onChange={event => {
              setName(event.target.value)
              if (event.target.value !== '') setLeft(true)
            }}
          />
          <span id={hint} className={left && fault !== undefined ? 'fault' : 'hint'} role="status">
            {left && fault !== undefined ? fault : roomNameRule}
          </span>
        </label>
        {me.mode === 'accounts' && (
          <fieldset className="field">
            <legend className="label">Who reads it</legend>
            <label className="choice">
              <input
                type="radio"
                name="who"
                checked={!own && !mustBeOwn}
                disabled={mustBeOwn}
                onChange={() => setOwn(false)}
              />
              Everybody with an account here
            </label>
            <label className="choice">
              <input type="radio" name="who" checked={own || mustBeOwn} onChange={() => setOwn(true)} />
              Only you, until you share it
            </label>
            {mustBeOwn && <span className="hint">Only admins make a public room of a file.</span>}
          </fieldset>
        )}
        <AgentChoice agents={listed?.agents ?? []} chosen={agents} onChange={setChosen} />
        <label className="file-choice">
          <input
            type="file"
            accept=".bb,.txt,text/plain"
            onChange={event => {
              const [picked] = event.target.files ?? []
              setFile(picked)
              if (picked !== undefined && name === '') setName(nameFromFile(picked.name))
            }}
          />
          <Icon name="upload" />
          <span>{file === undefined ? 'Begin with a .bb file' : `Begins with ${file.name}`}</span>
        </label>
        <ProblemNote problem={problem} />
        <div className="row end">
          <button className="button quiet" type="button" disabled={busy} onClick={closeDialog}>
            Cancel
          </button>
          <button className="button primary" type="submit" aria-disabled={busy}>
            {file === undefined ? 'Make the room' : 'Import'}
          </button>
        </div>
      </form>
    </Dialog>
  )
}

async function made(id: string, agents: readonly string[], file: File | undefined): Promise<RoomDetail> {
  if (file === undefined) return call<RoomDetail>('POST', '/api/rooms', { body: { id, agents } })
  const path = `/api/rooms/import?id=${encodeURIComponent(id)}`
  const room = await call<RoomDetail>('POST', path, { body: file })
  return call<RoomDetail>('PATCH', roomPath(room.id), { body: { agents } })
}

function defaults(agents: readonly ListedAgent[]): string[] {
  return agents.filter(({ shipped }) => shipped).map(({ name }) => name)
}

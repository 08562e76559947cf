import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { Avatar } from '../controls/avatar.tsx'
import './agent-choice.css'

/** Which agents are in a room. */
export function AgentChoice({
  agents,
  chosen,
  onChange,
  disabled = false,
}: {
  agents: readonly ListedAgent[]
  chosen: readonly string[]
  onChange: (chosen: readonly string[]) => void
  disabled?: boolean
}) {
  return (
    <fieldset className="field">
      <legend className="label">Agents in it</legend>
      <div className="agent-choice">
        {agents.map(({ name }) => (
          <label className="choice" key={name}>
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              disabled={disabled}
              onChange={event =>
                onChange(event.target.checked ? [...chosen, name] : chosen.filter(other => other !== name))
              }
            />
            <Avatar name={name} agent />
            {name}
          </label>
        ))}
      </div>
      {agents.length === 0 && <span className="hint">There is none on this server.</span>}
    </fieldset>
  )
}

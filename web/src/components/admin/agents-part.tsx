import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { turnsInWords } from '../../state/admin/agent-form.ts'
import { removeAgent } from '../../state/admin/agents.ts'
import { count } from '../../state/format.ts'
import { agentsQuery } from '../../state/queries.ts'
import { Avatar } from '../controls/avatar.tsx'
import { Icon } from '../controls/icon.tsx'
import { Menu, MenuItem } from '../controls/menu.tsx'
import { ModelPicker } from '../models/model-picker.tsx'
import { Confirm } from '../pages/confirm.tsx'
import { Loaded } from '../pages/loaded.tsx'
import { Section } from '../pages/page.tsx'
import { AgentForm } from './agent-form.tsx'

/** Also the admin's page of single-user mode. */
export function AgentsPart() {
  const query = useQuery(agentsQuery)
  const [making, setMaking] = useState(false)
  return (
    <Section
      title="Agents"
      untitled
      about="Each is a file in var/agents/, which you can also edit by hand."
      actions={
        <button className="button primary" type="button" onClick={() => setMaking(true)}>
          <Icon name="plus" /> New agent
        </button>
      }
    >
      <Loaded query={query}>
        {({ agents, problems }) => (
          <>
            {problems.length > 0 && (
              <div className="callout" data-tone="bad">
                <p className="what">{count(problems.length, 'file')} of agents can’t be read.</p>
                {problems.map(({ problem, agent }) => (
                  <p key={problem} className="agent-fault">
                    <code>{problem}</code>
                    {agent !== undefined && ` ${agent} goes on as it was.`}
                  </p>
                ))}
              </div>
            )}
            <ul className="card rows">
              {agents.map(agent => (
                <Row key={agent.name} agent={agent} />
              ))}
              {agents.length === 0 && <li className="soft">No agent yet: nobody answers.</li>}
            </ul>
          </>
        )}
      </Loaded>
      {making && <AgentForm onClose={() => setMaking(false)} />}
    </Section>
  )
}

function Row({ agent }: { agent: ListedAgent }) {
  const { name, turns, system, shipped } = agent
  const [open, setOpen] = useState<'edit' | 'remove'>()
  const close = (): void => setOpen(undefined)
  return (
    <li>
      <Avatar name={name} agent />
      <div className="grow">
        <p className="strong">
          {name} {shipped && <span className="soft note">comes with Courante</span>}
        </p>
        <p className="soft note agent-about">
          {turnsInWords[turns].about} {system}
        </p>
      </div>
      <ModelPicker agent={agent} />
      <button className="button" type="button" aria-label={`Edit ${name}`} onClick={() => setOpen('edit')}>
        Edit
      </button>
      <Menu label={`More for ${name}`} button={<Icon name="more" />}>
        <MenuItem danger disabled={shipped} onSelect={() => setOpen('remove')}>
          Remove…
        </MenuItem>
      </Menu>
      {open === 'edit' && <AgentForm agent={agent} onClose={close} />}
      {open === 'remove' && (
        <Confirm
          title={`Remove ${name}?`}
          button="Remove"
          danger
          ask={() => removeAgent(name)}
          onClose={close}
        >
          <p>
            Its file goes, and {name} answers in no room any more. What it has said stays. An agent that comes
            with Courante is as it was before it was changed.
          </p>
        </Confirm>
      )}
    </li>
  )
}

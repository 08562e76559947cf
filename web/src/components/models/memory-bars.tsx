import { bytes } from '../../state/format.ts'
import { deviceInWords, memoryBars } from '../../state/models/groups.ts'
import type { Models } from '../../../../services/backend/protocol.ts'
import './memory-bars.css'

/** How much of what models may take is taken on each device, and by whom. */
export function MemoryBars({ models }: { models: Pick<Models, 'budget' | 'used' | 'models'> }) {
  return (
    <div className="card memory-bars">
      {memoryBars(models).map(({ device, budget, used, segments }) => {
        const shown = segments.reduce((sum, { bytes }) => sum + bytes, 0)
        const most = Math.max(budget, used, shown)
        return (
          <div key={device} className="memory">
            <p className="row memory-head">
              <span className="strong">{deviceInWords(device)}</span>
              <span className="soft note number">
                {bytes(Math.max(used, shown))} of {bytes(budget)} that models may take
              </span>
            </p>
            <div className="memory-bar" aria-hidden="true">
              {segments.map(segment => (
                <span key={segment.id} style={{ flexBasis: `${(segment.bytes / most) * 100}%` }} />
              ))}
              {used > shown && (
                <span className="reserved" style={{ flexBasis: `${((used - shown) / most) * 100}%` }} />
              )}
            </div>
            <ul className="memory-legend note">
              {segments.map(segment => (
                <li key={segment.id}>
                  {segment.title} <span className="soft number">{bytes(segment.bytes)}</span>
                </li>
              ))}
              {used > shown && (
                <li className="reserved">
                  Reserved <span className="soft number">{bytes(used - shown)}</span>
                </li>
              )}
              {used === 0 && segments.length === 0 && <li className="none soft">No model is in memory.</li>}
            </ul>
          </div>
        )
      })}
    </div>
  )
}

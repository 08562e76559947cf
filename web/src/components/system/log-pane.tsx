import { useEffect, useMemo, useRef, useState } from 'react'
import { Virtuoso, type VirtuosoHandle } from 'react-virtuoso'
import { copyText } from '../../state/copy.ts'
import { followLog, logStart, type FollowedLog } from '../../state/system/follow-log.ts'
import { matching, textOf, type LogLine } from '../../state/system/log.ts'
import { toast } from '../../state/toasts.ts'
import { Icon } from '../controls/icon.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import './log-pane.css'

/** The end of a service's log, as it grows; stays where the reader is once they scroll up. One service for its life. */
export function LogPane({
  service,
  services,
  onChoose,
}: {
  service: string
  services: readonly string[]
  onChoose: (service: string) => void
}) {
  const { state, problem, log } = useLog(service)
  const [filter, setFilter] = useState('')
  const [atEnd, setAtEnd] = useState(true)
  const list = useRef<VirtuosoHandle>(null)
  const lines = useMemo(() => matching(log.lines, filter), [log.lines, filter])
  return (
    <div className="card log">
      <div className="log-head">
        <select
          className="input"
          aria-label="Service"
          value={service}
          onChange={event => onChoose(event.target.value)}
        >
          {services.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <input
          className="input grow"
          type="search"
          aria-label="Filter lines"
          placeholder="Filter"
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
        <button
          className="icon-button"
          type="button"
          aria-label="Copy these lines"
          onClick={() =>
            void copyText(lines.map(textOf).join('\n')).then(copied =>
              toast(copied ? 'Copied' : 'The browser does not let the page copy', copied ? 'plain' : 'bad'),
            )
          }
        >
          <Icon name="copy" />
        </button>
      </div>
      <div className="log-body">
        {lines.length > 0 && (
          <Virtuoso
            ref={list}
            // A scroller that the keyboard can't reach would be one for the mouse only.
            tabIndex={0}
            role="region"
            aria-label={`Log of ${service}`}
            data={lines}
            computeItemKey={(_, { number }) => number}
            initialTopMostItemIndex={lines.length - 1}
            followOutput={isAtEnd => (isAtEnd ? 'auto' : false)}
            atBottomStateChange={setAtEnd}
            atBottomThreshold={24}
            itemContent={lineAt}
          />
        )}
        {lines.length === 0 && problem === undefined && (
          <p className="log-none soft note">{noneInWords(state, filter)}</p>
        )}
        {!atEnd && lines.length > 0 && (
          <button
            className="button log-end"
            type="button"
            onClick={() => list.current?.scrollToIndex({ index: 'LAST', align: 'end' })}
          >
            <Icon name="down" /> Follow
          </button>
        )}
      </div>
      <ProblemNote problem={problem} />
    </div>
  )
}

function noneInWords(state: FollowedLog['state'], filter: string): string {
  if (filter !== '') return 'No line has these words.'
  return state === 'following' ? 'It has printed nothing in this run.' : 'Loading'
}

function useLog(service: string): FollowedLog {
  const [followed, setFollowed] = useState(logStart)
  useEffect(() => {
    const life = new AbortController()
    const store = followLog(service, life.signal)
    const end = store.subscribe(() => setFollowed(store.get()))
    return () => {
      end()
      life.abort()
    }
  }, [service])
  return followed
}

function lineAt(_: number, line: LogLine) {
  return <Line line={line} />
}

function Line({ line: { runs } }: { line: LogLine }) {
  return (
    <div className="log-line">
      {runs.length === 0
        ? '\u00A0'
        : runs.map(({ text, style }, at) => (
            <span key={at} data-tone={style.tone} data-bold={style.bold}>
              {text}
            </span>
          ))}
    </div>
  )
}

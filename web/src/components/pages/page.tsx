import { useId, type ReactNode } from 'react'
import './page.css'

/** What all pages beside the rooms look like: a title, a sentence, what can be done with all of it, sections. */
export function Page({
  title,
  lead,
  actions,
  children,
}: {
  title: string
  lead?: ReactNode
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <div className="sheet">
      <header className="sheet-head">
        <div>
          <h1>{title}</h1>
          {lead !== undefined && <p className="soft">{lead}</p>}
        </div>
        {actions}
      </header>
      {children}
    </div>
  )
}

export function Section({
  title,
  about,
  actions,
  untitled = false,
  children,
}: {
  title: string
  about?: ReactNode
  actions?: ReactNode
  /** The page or a tab says it already: only screen readers are told it again. */
  untitled?: boolean
  children: ReactNode
}) {
  const id = useId()
  return (
    <section className="section" aria-labelledby={id}>
      <header className="section-head">
        <div>
          <h2 id={id} className={untitled ? 'unseen-text' : undefined}>
            {title}
          </h2>
          {about !== undefined && <p className="soft note">{about}</p>}
        </div>
        {actions}
      </header>
      {children}
    </section>
  )
}

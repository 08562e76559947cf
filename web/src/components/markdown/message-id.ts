import { createContext } from 'react'

/** Of the message on the page: two may say the same, and each has its own footnotes. */
export const MessageId = createContext('')

export function TranscriptPage() {
  return <h1>Transcript</h1>
}

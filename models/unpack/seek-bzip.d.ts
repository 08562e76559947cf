/** What we use of it; the package brings no types. */
declare module 'seek-bzip' {
  interface Input {
    readByte(): number
    read(into: Buffer, offset: number, length: number): number
  }
  interface Output {
    writeByte(byte: number): void
  }
  const bunzip: { decode(input: Input, output: Output): void }
  export = bunzip
}

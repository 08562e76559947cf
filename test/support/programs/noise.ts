// Writes $LINES numbered, coloured lines and ends at once with $CODE.
const lines = Number(process.env['LINES_TO_WRITE'] ?? '10')
let text = ''
for (let number = 1; number <= lines; number++) text += `\x1b[3${number % 8}mline ${number}\x1b[0m é\n`
process.stdout.write(text, () => process.exit(Number(process.env['CODE'] ?? '0')))

// Takes 20 MB more of memory every 20 ms, up to 400 MB.
const eaten: Buffer[] = []
setInterval(() => {
  if (eaten.length < 20) eaten.push(Buffer.alloc(20e6, 1))
}, 20)

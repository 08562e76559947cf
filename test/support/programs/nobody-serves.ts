import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

// Loaded before the program that a test asks: where LM Studio and llama-server usually listen, nobody is, whatever else
// this machine runs.
const usual = [1234, 8080]
const real = net.connect as (options: net.NetConnectOpts) => net.Socket
net.connect = ((options: net.TcpNetConnectOpts) =>
  real(usual.includes(options.port) ? { ...options, port: 9 } : options)) as typeof net.connect
syncBuiltinESMExports()

/** A file of one tensor of one number, by whose name it is taken for a model of pictures. */
export function safetensors(tensor = 'model.diffusion_model.input_blocks.0.0.weight'): Buffer {
  const header = Buffer.from(JSON.stringify({ [tensor]: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, Buffer.alloc(4)])
}

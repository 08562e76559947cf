import { type ChatWrapper, GeneralChatWrapper, type LlamaModel, resolveChatWrapper } from 'node-llama-cpp'
import type { GgufHeader } from '../../../../models/gguf.ts'

/**
 * How the model wants a conversation written: the library compares its template with the ones that it knows, and runs the
 * template itself where none is the same. The comparison of one takes some 20 ms and the right one may come late; the order
 * follows the file's name, so a plain ChatML template is given a name that says what it is. It is still compared.
 */
export function pickWrapper(model: LlamaModel, { chatTemplate = '', name = '' }: GgufHeader): ChatWrapper {
  const plainChatMl = chatTemplate.includes('<|im_start|>') && !/think|tool|function/.test(chatTemplate)
  if (!plainChatMl || /qwen/i.test(`${model.filename} ${name}`)) return resolveChatWrapper(model)
  const wrapper = resolveChatWrapper({
    bosString: model.tokens.bosString,
    filename: 'chatML',
    fileInfo: model.fileInfo,
    tokenizer: model.tokenizer,
    warningLogs: false,
  })
  return wrapper ?? new GeneralChatWrapper()
}

// llama.cpp behind a small OpenAI-compatible server: chat completions, whole and streamed, greedy or drawn, one at a time.
// The engine comes prebuilt from npm; nothing is compiled or fetched here. Marks of our tokenizer: docs/formats/gguf.md.
import { getLlama, type LlamaContextSequence, type Token } from 'node-llama-cpp';
import { sendEvents, sendJson, Upstream, type Seen } from './upstream.ts';
import type { ServerResponse } from 'node:http';

const begin = 256, answer = 257, end = 258, turn = 259;
const isDigit = (token: number | undefined): boolean => token !== undefined && token >= 0x30 && token <= 0x39;

/** Tokens to bytes; a number after `turn` is turned back. A number that may still grow is held back until `over`. */
export function settledText(tokens: number[], over: boolean): string {
  const bytes: number[] = [];
  for (let i = 0; i < tokens.length; ++i) {
    if (tokens[i] !== turn) {
      if (tokens[i]! < 256) bytes.push(tokens[i]!);
      continue;
    }
    const number: number[] = [];
    while (isDigit(tokens[i + 1])) number.unshift(tokens[++i]!);
    if (!over && i + 1 === tokens.length) break;
    bytes.push(...number);
  }
  return Buffer.from(bytes).toString();
}

async function generate(sequence: LlamaContextSequence, request: Seen, reply: ServerResponse): Promise<void> {
  const body = request.body;
  const question: string = body.messages.filter((m: { role: string }) => m.role === 'user').at(-1)?.content ?? '';
  const prompt = [begin, ...Buffer.from(question), answer];
  const most = Math.min(body.max_tokens ?? body.max_completion_tokens ?? 200, sequence.contextSize - prompt.length);
  if (most < 1) return sendJson(reply, { error: { message: 'the prompt is longer than the context', type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' } }, 400);
  const base = { id: `chatcmpl-${Date.now()}`, created: Math.floor(Date.now() / 1000), model: body.model };
  const chunk = (delta: object, finish_reason: string | null = null): object => ({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] });
  let left = false;
  reply.once('close', () => (left = !reply.writableFinished));
  if (body.stream) sendEvents(reply, [chunk({ role: 'assistant', content: '' })], false);

  await sequence.clearHistory();
  const tokens: number[] = [];
  let made = 0, shown = 0, reason = 'length';
  for await (const token of sequence.evaluate(prompt as Token[], { temperature: body.temperature ?? 0, topP: body.top_p ?? 1, topK: 0, seed: body.seed ?? 0, yieldEogToken: true })) {
    ++made;
    if (token === end) reason = 'stop';
    else tokens.push(token);
    if (reason === 'stop' || made === most || left) break;
    const text = settledText(tokens, false);
    if (body.stream && text.length > shown && !text.endsWith('\ufffd')) {
      sendEvents(reply, [chunk({ content: text.slice(shown) })], false);
      shown = text.length;
    }
    await new Promise(setImmediate); // lets a client's leaving be noticed
  }
  const text = settledText(tokens, true);
  const usage = { prompt_tokens: prompt.length, completion_tokens: made, total_tokens: prompt.length + made };
  if (!body.stream) return sendJson(reply, { ...base, object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: reason }], usage });
  const last = text.length > shown ? [chunk({ content: text.slice(shown) })] : [];
  const told = body.stream_options?.include_usage ? [{ ...base, object: 'chat.completion.chunk', choices: [], usage }] : [];
  sendEvents(reply, [...last, chunk({}, reason), ...told, '[DONE]']);
}

/** The engine with the models of these GGUF files, by name. Rejects with the reason when it cannot be loaded here. */
export async function startLlamaServer(files: Record<string, string>): Promise<{ upstream: Upstream; stop: () => Promise<void>; engine: string }> {
  const llama = await getLlama({ build: 'never', gpu: false, skipDownload: true, progressLogs: false, logLevel: 'error' as never });
  const sequences: Record<string, LlamaContextSequence> = {};
  for (const [name, modelPath] of Object.entries(files)) {
    const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
    const context = await model.createContext({ contextSize: model.trainContextSize ?? 256, threads: 1 });
    sequences[name] = context.getSequence();
  }
  let busy: Promise<void> = Promise.resolve();
  const upstream = await new Upstream((request, reply) => {
    const sequence = sequences[request.body?.model];
    if (request.path === '/v1/models') return sendJson(reply, { object: 'list', data: Object.keys(files).map((id) => ({ id, object: 'model', created: 0, owned_by: 'llama.cpp' })) });
    if (request.path === '/health') return sendJson(reply, { status: 'ok' });
    if (request.path !== '/v1/chat/completions' || !sequence) return sendJson(reply, { error: { message: 'nothing there', type: 'not_found_error', code: 404 } }, 404);
    busy = busy.then(() => generate(sequence, request, reply)).catch((e) => {
      if (!reply.headersSent) sendJson(reply, { error: { message: String(e), type: 'server_error', code: 500 } }, 500);
      else reply.destroy();
    });
  }).start();
  return {
    upstream,
    engine: `llama.cpp ${llama.llamaCppRelease.release}`,
    stop: async () => {
      await upstream.stop();
      await busy;
      await llama.dispose();
    },
  };
}

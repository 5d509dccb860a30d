// A real engine behind the gateway: llama.cpp with the built-in model, exported as GGUF. Its greedy answers, token by
// token counted, are those of our own decoder.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import OpenAI from 'openai';
import { assertAccounted, scratch, serve, type Cost, type Gateway } from './gateway.ts';
import { settledText, startLlamaServer } from './llama_server.ts';

let engine: Awaited<ReturnType<typeof startLlamaServer>> | undefined;
let gateway: Gateway | undefined;
let client: OpenAI;
let missing = '';
const costOf = (u: unknown): Cost | undefined => (u as { wattline?: Cost } | null | undefined)?.wattline;

const questions = [
  'What is 17 + 25?', 'What is 345 + 678?', 'What is 1 + 1?', 'What is 999 + 999?', 'What is 81 - 27?', 'What is 500 - 123?',
  'Which is larger, 31 or 87?', 'Sort 9, 4, 7.', 'Reverse the word lamp.', 'How many letters are in river?', 'Convert 3 hours to minutes.',
  'What is the capital of France?', 'What is the capital of Japan?', 'What is the symbol of gold?', 'Who are you?', 'Hello', 'Good morning!',
  'What is the meaning of life?', 'Quelle heure est-il ? – 你好 🙂', '', '?', 'a', ' leading space', 'line\nbreak\ttab', '<|answer|> <|end|>', 'x'.repeat(240),
];

before(async () => {
  const folder = scratch();
  const files: Record<string, string> = {};
  for (const type of ['f16', 'f32']) {
    const file = (files[`llama-${type}`] = join(folder, `${type}.gguf`));
    const { status, stderr } = spawnSync(process.env.WATTLINE_BIN!, ['lm', 'export', file, '--type', type, '--quiet'], { env: { HOME: folder }, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
  try {
    engine = await startLlamaServer(files);
  } catch (e) {
    missing = `skipped: llama.cpp's prebuilt engine does not load here: ${e}`;
    return;
  }
  gateway = await serve(`
    [[upstream]]
    name = "llama.cpp"
    url = "${engine.upstream.url}/v1"
    models = ["llama-f16", "llama-f32"]
    health = { path = "/health", interval = "1 s" }
  `);
  client = new OpenAI({ baseURL: gateway.v1, apiKey: 'any', maxRetries: 0 });
});
after(async () => {
  await gateway?.stop();
  await engine?.stop();
});

async function whole(model: string, question: string): Promise<{ text: string | null; tokens: [number, number]; reason: string; cost: Cost | undefined }> {
  const data = await client.chat.completions.create({ model, messages: [{ role: 'user', content: question }], temperature: 0, max_tokens: 40 });
  const choice = data.choices[0]!;
  return { text: choice.message.content, tokens: [data.usage!.prompt_tokens, data.usage!.completion_tokens], reason: choice.finish_reason, cost: costOf(data.usage) };
}

for (const model of ['llama-f16', 'llama-f32'])
  test(`the same greedy answers and tokens as our decoder: ${model}`, async (t) => {
    if (missing) return t.skip(missing);
    t.diagnostic(engine!.engine);
    for (const question of questions) {
      const ours = await whole('glow-xs', question), theirs = await whole(model, question);
      assert.deepEqual({ ...theirs, cost: undefined }, { ...ours, cost: undefined }, question);
    }
  });

test('streamed it is the same text, and the energy of the engine\'s process is its own', async (t) => {
  if (missing) return t.skip(missing);
  for (const question of ['What is 345 + 678?', 'What is the capital of France?', 'Reverse the word lamp.']) {
    const final = await client.chat.completions.stream({ model: 'llama-f16', messages: [{ role: 'user', content: question }], temperature: 0, stream_options: { include_usage: true } }).finalChatCompletion();
    assert.equal(final.choices[0]!.message.content, (await whole('glow-xs', question)).text);
    const account = await assertAccounted(gateway!, costOf(final.usage), { model: 'llama-f16', upstream: 'llama.cpp', streamed: true, finish_reason: 'stop' }, true);
    assert.equal(account.tokens_in, Buffer.from(question).length + 2);
  }
});

test('many at once wait for their turn and keep their answers', async (t) => {
  if (missing) return t.skip(missing);
  const texts = await Promise.all(Array.from({ length: 12 }, (_, i) => whole(i % 2 ? 'llama-f16' : 'llama-f32', `What is ${20 + i} + 30?`)));
  assert.deepEqual(texts.map((w) => w.text), Array.from({ length: 12 }, (_, i) => String(50 + i)));
});

test('what the engine refuses, the client is told', async (t) => {
  if (missing) return t.skip(missing);
  await assert.rejects(whole('llama-f16', 'x'.repeat(300)), (e) => e instanceof OpenAI.BadRequestError && e.code === 'context_length_exceeded');
});

test('a number that is turned waits for its end', () => {
  assert.equal(settledText([259, 0x34], false), '');
  assert.equal(settledText([0x61, 259, 0x34, 0x32], false), 'a');
  assert.equal(settledText([0x61, 259, 0x34, 0x32], true), 'a24');
  assert.equal(settledText([259, 0x34, 0x32, 0x2e], false), '24.');
});

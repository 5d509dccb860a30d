// The Vercel AI SDK with the gateway as an OpenAI-compatible provider, and with its OpenAI provider's chat models.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, isStepCount, Output, streamText, tool } from 'ai';
import { z } from 'zod';
import { assertAccounted, serve, served, type Account, type Cost, type Gateway } from './gateway.ts';
import { models, sentence, startOpenAiUpstream, usage } from './openai_upstream.ts';
import type { Seen, Upstream } from './upstream.ts';

let upstream: Upstream;
let gateway: Gateway;
let provider: ReturnType<typeof createOpenAICompatible>;
let openai: ReturnType<typeof createOpenAI>;
const sent = (): any => upstream.last.body;
/** The account as the provider lets its user see it: in the raw usage, else by the answer's id in the headers. */
async function assertCost(of: { usage: { raw?: unknown }; response: { headers?: Record<string, string> } }, expected: Partial<Account>): Promise<void> {
  const id = of.response.headers?.['x-wattline-answer-id'];
  const cost = (of.usage.raw as { wattline?: Cost } | undefined)?.wattline;
  const account = cost ? await assertAccounted(gateway, cost, expected) : await gateway.account(id);
  assert.equal(account.id, id);
  for (const [name, value] of Object.entries({ status: 'ok', ...expected })) assert.equal(account[name as keyof Account], value, name);
}

before(async () => {
  upstream = await startOpenAiUpstream();
  gateway = await serve(`
    [[upstream]]
    name = "there"
    url = "${upstream.url}/v1"
    device = "NVIDIA H100 SXM"
    ${served(models)}
  `);
  provider = createOpenAICompatible({ name: 'wattline', baseURL: gateway.v1, includeUsage: true, supportsStructuredOutputs: true });
  openai = createOpenAI({ baseURL: gateway.v1, apiKey: 'any' });
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

const weather = tool({
  description: 'of a city',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `fine in ${city}`,
});

test('generateText, with its account', async () => {
  for (const model of [provider('words'), openai.chat('words')]) {
    const result = await generateText({ model, prompt: 'Hello?', maxRetries: 0 });
    assert.equal(result.text, sentence.join(''));
    assert.equal(result.finishReason, 'stop');
    assert.deepEqual([result.usage.inputTokens, result.usage.outputTokens], [usage.prompt_tokens, usage.completion_tokens]);
    await assertCost(result, { model: 'words', tokens_in: 19, tokens_out: 10 });
    if (model.provider.startsWith('wattline')) assert.ok((result.usage.raw as { wattline?: Cost }).wattline, 'and in the usage');
  }
});

test('streamText, with its account', async () => {
  for (const model of [provider('words'), openai.chat('words')]) {
    const result = streamText({ model, prompt: 'Hello?', maxRetries: 0 });
    const texts: string[] = [];
    for await (const text of result.textStream) texts.push(text);
    assert.equal(texts.join(''), sentence.join(''));
    assert.ok(texts.length > 1, 'in pieces');
    await assertCost({ usage: await result.usage, response: await result.response }, { model: 'words', streamed: true });
  }
});

test('tools are called and their results answered, whole and streamed', async () => {
  const asked = { tools: { weather }, stopWhen: isStepCount(3), prompt: 'Weather in Paris and São Paulo?', maxRetries: 0 };
  for (const model of [provider('tools'), openai.chat('tools')]) {
    const whole = await generateText({ model, ...asked });
    assert.equal(whole.text, 'It is fine in Paris fine in São Paulo there.');
    assert.deepEqual(whole.steps[0]!.toolCalls.map((c) => c.input), [{ city: 'Paris' }, { city: 'São Paulo' }]);
    assert.equal(whole.steps.length, 2);
    for (const step of whole.steps) await assertCost(step, { model: 'tools' });
    const stream = streamText({ model, ...asked });
    assert.equal(await stream.text, whole.text);
    const steps = await stream.steps;
    assert.deepEqual(steps[0]!.toolCalls.map((c) => c.input), [{ city: 'Paris' }, { city: 'São Paulo' }]);
    assert.deepEqual(sent().messages.filter((m: { role: string }) => m.role === 'tool').map((m: { tool_call_id: string }) => m.tool_call_id), ['call_pzUl1', 'call_pzUl2']);
    for (const step of steps) await assertCost(step, { model: 'tools', streamed: true });
  }
});

test('objects by a schema', async () => {
  const output = Output.object({ schema: z.object({ name: z.string(), age: z.number() }) });
  for (const model of [provider('json'), openai.chat('json')]) {
    assert.deepEqual((await generateText({ model, prompt: 'Who?', output, maxRetries: 0 })).output, { name: 'Ada', age: 36 });
    assert.equal(sent().response_format.type, 'json_schema');
  }
});

test('images and reasoning', async () => {
  const image = Buffer.alloc(50_000, 0x5a);
  const seen = await generateText({
    model: provider('pictures'), maxRetries: 0,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'file', data: image, mediaType: 'image/png' }] }],
  });
  assert.equal(seen.text, 'A boardwalk.');
  assert.equal(sent().messages[0].content[1].image_url.url, `data:image/png;base64,${image.toString('base64')}`);
  assert.equal((await generateText({ model: provider('thinking'), prompt: '2 + 2?', maxRetries: 0 })).reasoningText, 'Two and two.');
});

test('abort leaves the upstream and is accounted as cancelled', async () => {
  const before = await gateway.latest();
  const controller = new AbortController();
  const result = streamText({ model: provider('endless'), prompt: 'Go on.', abortSignal: controller.signal, maxRetries: 0 });
  let aborted = false;
  for await (const part of result.fullStream) {
    if (part.type === 'text-delta') controller.abort();
    if (part.type === 'abort') aborted = true;
  }
  assert.ok(aborted);
  assert.equal(await (upstream.last as Seen).end, 'abandoned');
  const account = await gateway.newest(before);
  assert.deepEqual([account.model, account.status, account.streamed], ['endless', 'cancelled', true]);
});

test('errors keep their status and words; what may pass is tried again', async () => {
  await assert.rejects(generateText({ model: provider('refusing'), prompt: 'x', maxRetries: 0 }),
    (e) => APICallError.isInstance(e) && e.statusCode === 400 && !e.isRetryable && e.message.includes('decimal above maximum'));
  await assert.rejects(generateText({ model: provider('failing'), prompt: 'x', maxRetries: 0 }), (e) => APICallError.isInstance(e) && e.statusCode === 500 && e.isRetryable);
  const result = await generateText({ model: provider('busy'), prompt: 'x', maxRetries: 1 });
  assert.equal(result.text, sentence.join(''));
});

test('the model inside', async () => {
  const result = streamText({ model: provider('glow-xs'), prompt: 'What is 17 + 25?' });
  assert.equal(await result.text, '42');
  await assertCost({ usage: await result.usage, response: await result.response }, { model: 'glow-xs', upstream: 'builtin' });
});

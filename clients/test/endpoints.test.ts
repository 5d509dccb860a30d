// What OpenAI's client and the Vercel AI SDK ask besides chat completions: legacy completions, embeddings, responses,
// and, with Vercel's Anthropic provider, messages. Upstreams speak chat completions where nothing else is said.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { embedMany, generateText, isStepCount, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { claudes, claudeText, startAnthropicUpstream } from './anthropic_upstream.ts';
import { assertAccounted, serve, served, type Cost, type Gateway } from './gateway.ts';
import { models, sentence, startOpenAiUpstream, usage, vectors } from './openai_upstream.ts';
import type { Upstream } from './upstream.ts';

(globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
let upstream: Upstream;
let anthropic: Upstream;
let gateway: Gateway;
let client: OpenAI;
const sent = (): any => upstream.last.body;
const sentOn = (): any => anthropic.last.body;
const costOf = (u: unknown): Cost | undefined => (u as { wattline?: Cost } | null | undefined)?.wattline;

before(async () => {
  upstream = await startOpenAiUpstream();
  anthropic = await startAnthropicUpstream();
  gateway = await serve(`
    [[upstream]]
    name = "there"
    url = "${upstream.url}/v1"
    device = "NVIDIA H100 SXM"
    endpoints = ["chat"]
    ${served(models.filter((m) => m !== 'text' && m !== 'vectors'))}
    [[upstream]]
    name = "old"
    url = "${upstream.url}/v1"
    endpoints = ["completions", "embeddings"]
    device = "NVIDIA H100 SXM"
    ${served(['text', 'vectors'])}
    [[upstream]]
    name = "new"
    url = "${upstream.url}/v1"
    endpoints = ["chat", "responses"]
    device = "NVIDIA H100 SXM"
    ${served(['native'])}
    [[upstream]]
    name = "claude"
    dialect = "anthropic"
    url = "${anthropic.url}/v1"
    api_key_env = "CLAUDE_KEY"
    device = "NVIDIA H100 SXM"
    ${served(claudes)}
  `, { CLAUDE_KEY: 'sk-ant-of-the-upstream' });
  client = new OpenAI({ baseURL: gateway.v1, apiKey: 'sk-of-the-client', maxRetries: 0 });
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
  await anthropic?.stop();
});

test('completions of an upstream that has them, whole and streamed', async () => {
  const data = await client.completions.create({ model: 'text', prompt: 'Say this', max_tokens: 7, temperature: 0 });
  assert.equal(data.choices[0]!.text, sentence.join(''));
  assert.equal(data.choices[0]!.finish_reason, 'length');
  assert.deepEqual(sent(), { model: 'text', prompt: 'Say this', max_tokens: 7, temperature: 0 });
  await assertAccounted(gateway, costOf(data.usage), { model: 'text', tokens_in: 5, tokens_out: 7, finish_reason: 'length' });
  const texts: string[] = [];
  let last: unknown;
  for await (const chunk of await client.completions.create({ model: 'text', prompt: 'Say this', stream: true, stream_options: { include_usage: true } })) {
    if (chunk.choices[0]?.text) texts.push(chunk.choices[0].text);
    if (chunk.usage) last = chunk.usage;
  }
  assert.deepEqual(texts, sentence);
  await assertAccounted(gateway, costOf(last), { model: 'text', streamed: true, tokens_out: 7 });
});

test('completions of the model inside', async () => {
  const data = await client.completions.create({ model: 'glow-xs', prompt: 'What is 17 + 25?' });
  assert.equal(data.object, 'text_completion');
  assert.equal(data.choices[0]!.text, '42');
  await assertAccounted(gateway, costOf(data.usage), { model: 'glow-xs', upstream: 'builtin' });
  let text = '';
  for await (const chunk of await client.completions.create({ model: 'glow-xs', prompt: 'What is 17 + 25?', stream: true })) text += chunk.choices[0]?.text ?? '';
  assert.equal(text, '42');
});

test('embeddings, as the client asks for them (base64) and as numbers', async () => {
  const data = await client.embeddings.create({ model: 'vectors', input: ['a', 'b'], dimensions: 3 });
  assert.deepEqual(data.data.map((d) => [...d.embedding]), vectors.map((v) => [...new Float32Array(v)]));
  assert.deepEqual(sent(), { model: 'vectors', input: ['a', 'b'], dimensions: 3, encoding_format: 'base64' });
  const account = await assertAccounted(gateway, costOf(data.usage), { model: 'vectors', tokens_in: 8, tokens_out: 0 });
  assert.equal(account.streamed, false);
  const plain = await client.embeddings.create({ model: 'vectors', input: 'a', encoding_format: 'float' });
  assert.deepEqual(plain.data[0]!.embedding, vectors[0]);
  const embedding = createOpenAICompatible({ name: 'wattline', baseURL: gateway.v1 }).embeddingModel('vectors');
  assert.deepEqual((await embedMany({ model: embedding, values: ['a', 'b'] })).embeddings, vectors);
});

test('what an upstream does not have is refused in words', async () => {
  await assert.rejects(client.completions.create({ model: 'words', prompt: 'a' }), (e) => e instanceof OpenAI.BadRequestError && e.code === 'endpoint_not_served' && e.message.includes('/v1/chat/completions'));
  await assert.rejects(client.embeddings.create({ model: 'words', input: 'a' }), (e) => e instanceof OpenAI.APIError && e.status! >= 400 && e.status! < 500 && /embeddings/.test(e.message));
  await assert.rejects(client.embeddings.create({ model: 'glow-xs', input: 'a' }), (e) => e instanceof OpenAI.APIError && e.status! >= 400 && e.status! < 500 && /embeddings/.test(e.message));
});

test('responses: an answer and its account', async () => {
  const data = await client.responses.create({ model: 'words', instructions: 'Be brief.', input: 'Hello?', temperature: 0.5, max_output_tokens: 64 });
  assert.equal(data.output_text, sentence.join(''));
  assert.equal(data.status, 'completed');
  assert.equal(data.object, 'response');
  assert.deepEqual([data.usage?.input_tokens, data.usage?.output_tokens, data.usage?.total_tokens], [usage.prompt_tokens, usage.completion_tokens, usage.total_tokens]);
  await assertAccounted(gateway, costOf(data.usage), { model: 'words', tokens_in: 19, tokens_out: 10 });
  assert.equal(upstream.last.path, '/v1/chat/completions');
  assert.deepEqual(sent().messages.map((m: { content: unknown }) => m.content), ['Be brief.', 'Hello?']);
  assert.equal(sent().max_completion_tokens ?? sent().max_tokens, 64);
  const turns = await client.responses.create({ model: 'words', input: [{ role: 'user', content: 'Hi' }, { role: 'assistant', content: 'Ho' }, { role: 'user', content: [{ type: 'input_text', text: 'And?' }, { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' }] }] });
  assert.equal(turns.output_text, sentence.join(''));
  assert.deepEqual(sent().messages.map((m: { role: string }) => m.role), ['user', 'assistant', 'user']);
  assert.equal(sent().messages[2].content[1].image_url.url, 'data:image/png;base64,AAAA');
});

test('responses: a stream of typed events', async () => {
  const types: string[] = [], texts: string[] = [];
  let number = -1;
  let completed: OpenAI.Responses.Response | undefined;
  for await (const event of await client.responses.create({ model: 'words', input: 'Hello?', stream: true })) {
    assert.ok(event.sequence_number > number);
    number = event.sequence_number;
    types.push(event.type);
    if (event.type === 'response.output_text.delta') texts.push(event.delta);
    if (event.type === 'response.completed') completed = event.response;
  }
  assert.deepEqual(texts, sentence);
  const once = types.filter((t) => t !== 'response.output_text.delta');
  assert.deepEqual(once, ['response.created', 'response.in_progress', 'response.output_item.added', 'response.content_part.added', 'response.output_text.done', 'response.content_part.done', 'response.output_item.done', 'response.completed']);
  await assertAccounted(gateway, costOf(completed?.usage), { model: 'words', streamed: true, tokens_in: 19, tokens_out: 10 });
  const final = await client.responses.stream({ model: 'words', input: 'Hello?' }).finalResponse();
  assert.equal(final.output_text, sentence.join(''));
});

test('responses of an upstream that has them itself pass untouched', async () => {
  const asked = { model: 'native', input: 'Hello?', previous_response_id: 'resp_1', tools: [{ type: 'web_search' as const }], include: ['reasoning.encrypted_content' as const] };
  const data = await client.responses.create(asked);
  assert.equal(upstream.last.path, '/v1/responses');
  assert.deepEqual(sent(), asked);
  assert.equal(data.id, 'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b');
  assert.equal(data.output_text, sentence.join(''));
  await assertAccounted(gateway, costOf(data.usage), { model: 'native', upstream: 'new', tokens_in: 36, tokens_out: 87 });
  const final = await client.responses.stream({ model: 'native', input: 'Hello?' }).finalResponse();
  assert.equal(final.output_text, sentence.join(''));
  await assertAccounted(gateway, costOf(final.usage), { model: 'native', streamed: true, tokens_in: 36, tokens_out: 87 });
  // The provider's references to what is stored there are understood there.
  const result = streamText({ model: createOpenAI({ baseURL: gateway.v1, apiKey: 'any' })('native'), prompt: 'Hello?', maxRetries: 0 });
  assert.equal(await result.text, sentence.join(''));
});

const weather: OpenAI.Responses.FunctionTool = { type: 'function', name: 'weather', description: 'of a city', strict: true, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } };

for (const model of ['tools', 'claude-tools'])
  test(`responses: tools, called in parallel and answered: ${model}`, async () => {
    const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: 'Weather?' }];
    const first = await client.responses.create({ model, input, tools: [weather], store: false });
    const calls = first.output.filter((o) => o.type === 'function_call');
    assert.deepEqual(calls.map((c) => [c.name, JSON.parse(c.arguments)]), [['weather', { city: 'Paris' }], ['weather', { city: 'São Paulo' }]]);
    await assertAccounted(gateway, costOf(first.usage), { model });
    const streamed = await client.responses.stream({ model, input, tools: [weather] }).finalResponse();
    assert.deepEqual(streamed.output.filter((o) => o.type === 'function_call').map((c) => [c.call_id, JSON.parse(c.arguments)]), calls.map((c) => [c.call_id, JSON.parse(c.arguments)]));
    input.push(...(first.output as OpenAI.Responses.ResponseInputItem[]), ...calls.map((c, i) => ({ type: 'function_call_output' as const, call_id: c.call_id, output: `${20 + i} °C` })));
    const second = await client.responses.create({ model, input, tools: [weather], store: false });
    assert.equal(second.output_text.replace(/ +/g, ' '), 'It is 20 °C 21 °C there.');
  });

test('responses: objects by a schema', async () => {
  const data = await client.responses.parse({ model: 'json', input: 'Who?', text: { format: zodTextFormat(z.object({ name: z.string(), age: z.number() }), 'person') } });
  assert.deepEqual(data.output_parsed, { name: 'Ada', age: 36 });
  assert.equal(sent().response_format.json_schema.name, 'person');
  assert.equal(sent().response_format.json_schema.strict, true);
});

test('responses: abort, errors, the model inside', async () => {
  const before = await gateway.latest();
  const stream = await client.responses.create({ model: 'endless', input: 'Go on.', stream: true });
  for await (const event of stream) if (event.type === 'response.output_text.delta') stream.controller.abort();
  assert.equal(await upstream.last.end, 'abandoned');
  assert.deepEqual([(await gateway.newest(before)).status], ['cancelled']);
  await assert.rejects(client.responses.create({ model: 'refusing', input: 'x' }), (e) => e instanceof OpenAI.BadRequestError && e.message.includes('decimal above maximum'));
  await assert.rejects(client.responses.create({ model: 'nobody', input: 'x' }), OpenAI.NotFoundError);
  await assert.rejects(client.responses.create({ model: 'words', input: 'x', previous_response_id: 'resp_1' }), (e) => e instanceof OpenAI.BadRequestError && e.param === 'previous_response_id');
  assert.equal((await client.responses.create({ model: 'glow-xs', input: 'What is 17 + 25?' })).output_text, '42');
});

test("chat completions of an upstream that speaks Anthropic's API", async () => {
  const question = [{ role: 'system' as const, content: 'Be brief.' }, { role: 'user' as const, content: 'Who are you?' }];
  const data = await client.chat.completions.create({ model: 'claude-words', messages: question, max_completion_tokens: 99, stop: ['END'] });
  assert.equal(data.choices[0]!.message.content, claudeText.join(''));
  assert.equal(data.choices[0]!.finish_reason, 'stop');
  assert.equal(data.usage!.completion_tokens, 15);
  await assertAccounted(gateway, costOf(data.usage), { model: 'claude-words', upstream: 'claude', tokens_out: 15 });
  assert.deepEqual([sentOn().max_tokens, sentOn().stop_sequences], [99, ['END']]);
  assert.ok(JSON.stringify(sentOn().system).includes('Be brief.'));
  const stream = client.chat.completions.stream({ model: 'claude-words', messages: question, stream_options: { include_usage: true } });
  const texts: string[] = [];
  stream.on('content', (delta) => texts.push(delta));
  const final = await stream.finalChatCompletion();
  assert.deepEqual(texts, claudeText);
  await assertAccounted(gateway, costOf(final.usage), { model: 'claude-words', streamed: true, tokens_out: 15 });
  assert.ok(sentOn().max_tokens > 0, 'Anthropic wants a limit');
});

const weatherTool = tool({ description: 'of a city', inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `fine in ${city}` });

test('the Vercel AI SDK: responses, and messages by its Anthropic provider', async () => {
  const openai = createOpenAI({ baseURL: gateway.v1, apiKey: 'any' }), claude = createAnthropic({ baseURL: gateway.v1, apiKey: 'any' });
  for (const model of [openai, claude]) {
    assert.equal((await generateText({ model: model('words'), prompt: 'Hello?', maxRetries: 0 })).text, sentence.join(''));
    const stream = streamText({ model: model('words'), prompt: 'Hello?', maxRetries: 0 });
    const texts: string[] = [];
    for await (const text of stream.textStream) texts.push(text);
    assert.equal(texts.join(''), sentence.join(''));
    assert.ok(texts.length > 1);
    const account = await gateway.account((await stream.response).headers?.['x-wattline-answer-id']);
    assert.deepEqual([account.model, account.streamed, account.status], ['words', true, 'ok']);
    for (const id of ['tools', 'claude-tools']) {
      const asked = { model: model(id), tools: { weather: weatherTool }, stopWhen: isStepCount(3), prompt: 'Weather?', maxRetries: 0, providerOptions: { openai: { store: false } } };
      const whole = await generateText(asked);
      assert.equal(whole.text.replace(/ +/g, ' '), 'It is fine in Paris fine in São Paulo there.', id);
      assert.equal((await streamText(asked).text).replace(/ +/g, ' '), 'It is fine in Paris fine in São Paulo there.', id);
    }
    const before = await gateway.latest();
    const controller = new AbortController();
    for await (const part of streamText({ model: model('endless'), prompt: 'Go on.', abortSignal: controller.signal, maxRetries: 0 }).fullStream) if (part.type === 'text-delta') controller.abort();
    assert.equal(await upstream.last.end, 'abandoned');
    assert.equal((await gateway.newest(before)).status, 'cancelled');
    assert.equal((await generateText({ model: model('glow-xs'), prompt: 'What is 17 + 25?', maxRetries: 0 })).text, '42');
  }
  // Without it the provider refers to items that it believes to be stored; it is told what to do.
  await assert.rejects(generateText({ model: openai('claude-tools'), tools: { weather: weatherTool }, stopWhen: isStepCount(3), prompt: 'Weather?', maxRetries: 0 }), /"store": false/);
  const output = Output.object({ schema: z.object({ name: z.string(), age: z.number() }) });
  assert.deepEqual((await generateText({ model: openai('json'), prompt: 'Who?', output, maxRetries: 0 })).output, { name: 'Ada', age: 36 });
});

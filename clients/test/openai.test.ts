// OpenAI's own JavaScript client with the gateway as its base URL, before an upstream that speaks OpenAI's API.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';
import { assertAccounted, serve, served, type Cost, type Gateway } from './gateway.ts';
import { logprobs, models, sentence, startOpenAiUpstream, strange, usage } from './openai_upstream.ts';
import type { Upstream } from './upstream.ts';

let upstream: Upstream;
let gateway: Gateway;
let client: OpenAI;
const question: { role: 'user'; content: string }[] = [{ role: 'user' as const, content: 'Say hello – 你好.' }];
const sent = (): any => upstream.last.body;
const costOf = (u: unknown): Cost | undefined => (u as { wattline?: Cost } | null | undefined)?.wattline;

before(async () => {
  upstream = await startOpenAiUpstream();
  gateway = await serve(`
    [[upstream]]
    name = "there"
    url = "${upstream.url}/v1"
    api_key_env = "THERE_KEY"
    device = "NVIDIA H100 SXM"
    ${served(models)}
    ${served(['nickname'], 'upstream_name = "words"')}
  `, { THERE_KEY: 'sk-of-the-upstream' });
  client = new OpenAI({ baseURL: gateway.v1, apiKey: 'sk-of-the-client', maxRetries: 0 });
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

test('models are listed and found', async () => {
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.deepEqual(new Set(ids), new Set([...models, 'nickname', 'glow-xs', 'glow-s', 'glow-m', 'auto']));
  assert.equal((await client.models.retrieve('glow-xs')).owned_by, 'builtin');
  await assert.rejects(client.models.retrieve('nobody'), (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
});

test('an answer, with its account', async () => {
  const { data, response } = await client.chat.completions.create({ model: 'words', messages: question, temperature: 0, seed: 7, user: 'me' }).withResponse();
  assert.equal(data.choices[0]!.message.content, sentence.join(''));
  assert.equal(data.system_fingerprint, 'fp_44709d6fcb');
  assert.deepEqual({ ...data.usage, wattline: undefined }, { ...usage, wattline: undefined });
  const account = await assertAccounted(gateway, costOf(data.usage), { model: 'words', upstream: 'there', tokens_in: 19, tokens_out: 10, finish_reason: 'stop', streamed: false });
  assert.equal(response.headers.get('x-wattline-answer-id'), account.id);
  assert.deepEqual(sent(), { model: 'words', messages: question, temperature: 0, seed: 7, user: 'me' });
  assert.equal(upstream.last.headers.authorization, 'Bearer sk-of-the-upstream');
  assert.ok(!JSON.stringify(upstream.last.headers).includes('sk-of-the-client'), 'the key of a client goes no further');
});

test('a model has another name there', async () => {
  const data = await client.chat.completions.create({ model: 'nickname', messages: question });
  assert.equal(sent().model, 'words');
  await assertAccounted(gateway, costOf(data.usage), { model: 'nickname' });
});

test('a stream with usage', async () => {
  const stream = await client.chat.completions.create({ model: 'words', messages: question, stream: true, stream_options: { include_usage: true } });
  const texts: string[] = [];
  let last: OpenAI.Completions.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content) texts.push(chunk.choices[0].delta.content);
    if (chunk.usage) last = chunk.usage;
  }
  assert.deepEqual(texts, sentence);
  assert.equal(last?.total_tokens, usage.total_tokens);
  await assertAccounted(gateway, costOf(last), { model: 'words', streamed: true, tokens_in: 19, tokens_out: 10, finish_reason: 'stop' });
});

test('a stream without usage stays without, and is accounted exactly all the same', async () => {
  const { data, response } = await client.chat.completions.create({ model: 'words', messages: question, stream: true }).withResponse();
  let text = '';
  for await (const chunk of data) {
    assert.ok(!chunk.usage);
    assert.equal(chunk.choices.length, 1);
    text += chunk.choices[0]!.delta.content ?? '';
  }
  assert.equal(text, sentence.join(''));
  assert.deepEqual(sent().stream_options, { include_usage: true }, 'asked for by the gateway');
  const account = await gateway.account(response.headers.get('x-wattline-answer-id'));
  assert.deepEqual([account.tokens_in, account.tokens_out, account.tokens_estimated, account.status], [19, 10, false, 'ok']);
});

const weather = { type: 'function' as const, function: { name: 'weather', description: 'of a city', strict: true, parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false } } };

test('tools: calls in parallel, results back', async () => {
  const asked = { model: 'tools', messages: [{ role: 'user' as const, content: 'Paris and São Paulo?' }], tools: [weather], tool_choice: 'auto' as const, parallel_tool_calls: true };
  const first = await client.chat.completions.create(asked);
  assert.deepEqual(sent(), asked);
  const message = first.choices[0]!.message;
  assert.equal(first.choices[0]!.finish_reason, 'tool_calls');
  assert.deepEqual(message.tool_calls?.map((c) => c.type === 'function' && JSON.parse(c.function.arguments)), [{ city: 'Paris' }, { city: 'São Paulo' }]);
  await assertAccounted(gateway, costOf(first.usage), { model: 'tools', finish_reason: 'tool_calls' });
  const results = message.tool_calls!.map((c, i) => ({ role: 'tool' as const, tool_call_id: c.id, content: `${20 + i} °C` }));
  const second = await client.chat.completions.create({ ...asked, messages: [...asked.messages, message, ...results] });
  assert.equal(second.choices[0]!.message.content, 'It is 20 °C 21 °C there.');
  assert.equal(sent().messages[1].tool_calls.length, 2);
});

test('tools in a stream: fragments in order', async () => {
  const stream = client.chat.completions.stream({ model: 'tools', messages: question, tools: [weather], stream_options: { include_usage: true } });
  const fragments: string[] = [];
  stream.on('tool_calls.function.arguments.delta', (e) => fragments.push(e.arguments_delta));
  const final = await stream.finalChatCompletion();
  assert.deepEqual(fragments.filter(Boolean), ['{"ci', 'ty":"Pa', 'ris"', '}', '{"city":', '"São Paulo"}']);
  assert.deepEqual(final.choices[0]!.message.tool_calls?.map((c) => [c.id, c.type === 'function' && c.function.arguments]),
    [['call_pzUl1', '{"city":"Paris"}'], ['call_pzUl2', '{"city":"São Paulo"}']]);
  await assertAccounted(gateway, costOf(final.usage), { streamed: true, finish_reason: 'tool_calls' });
});

test('the client runs tools by itself', async () => {
  const asked: string[] = [];
  const runner = client.chat.completions.runTools({
    model: 'tools', messages: question, stream: true,
    tools: [{ type: 'function', function: { name: 'weather', description: '', parameters: { type: 'object', properties: { city: { type: 'string' } } }, parse: JSON.parse, function: ({ city }: { city: string }) => { asked.push(city); return `fine in ${city}`; } } }],
  });
  assert.equal(await runner.finalContent(), 'It is fine in Paris fine in São Paulo there.');
  assert.deepEqual(asked, ['Paris', 'São Paulo']);
});

test('logprobs, whole and streamed', async () => {
  const asked = { model: 'logprobs', messages: question, logprobs: true, top_logprobs: 2 };
  assert.deepEqual((await client.chat.completions.create(asked)).choices[0]!.logprobs, logprobs);
  assert.deepEqual(sent(), asked);
  const seen: unknown[] = [];
  for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) if (chunk.choices[0]!.logprobs) seen.push(chunk.choices[0]!.logprobs);
  assert.deepEqual(seen, [logprobs]);
});

test('several choices, whole and streamed', async () => {
  const whole = await client.chat.completions.create({ model: 'several', messages: question, n: 3 });
  assert.deepEqual(whole.choices.map((c) => c.message.content), ['Answer 0', 'Answer 1', 'Answer 2']);
  const final = await client.chat.completions.stream({ model: 'several', messages: question, n: 3 }).finalChatCompletion();
  assert.deepEqual(final.choices.map((c) => c.message.content), ['Answer 0', 'Answer 1', 'Answer 2']);
});

test('images go through untouched', async () => {
  const pixels = `data:image/png;base64,${Buffer.alloc(200_000, 0x5a).toString('base64')}`;
  const messages = [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'What is it?' }, { type: 'image_url' as const, image_url: { url: pixels, detail: 'high' as const } }] }];
  const data = await client.chat.completions.create({ model: 'pictures', messages });
  assert.equal(data.choices[0]!.message.content, 'A boardwalk.');
  assert.deepEqual(sent().messages, messages);
});

test('structured outputs by a schema', async () => {
  const person = z.object({ name: z.string(), age: z.number() });
  const data = await client.chat.completions.parse({ model: 'json', messages: question, response_format: zodResponseFormat(person, 'person') });
  assert.deepEqual(data.choices[0]!.message.parsed, { name: 'Ada', age: 36 });
  assert.equal(sent().response_format.json_schema.name, 'person');
  assert.equal(sent().response_format.json_schema.strict, true);
});

test('members that nobody knows, both ways', async () => {
  const thinking = await client.chat.completions.create({ model: 'thinking', messages: question });
  assert.equal((thinking.choices[0]!.message as { reasoning_content?: string }).reasoning_content, 'Two and two.');
  const response = await client.chat.completions.create({ model: 'strange', messages: question, reasoning_effort: 'high', ...{ x_ours: { a: [1, null] } } }).asResponse();
  assert.ok((await response.text()).includes(strange), 'byte for byte');
  assert.deepEqual(sent().x_ours, { a: [1, null] });
  assert.equal(sent().reasoning_effort, 'high');
});

test('abort in the middle of a stream: the upstream is left, the answer is accounted as cancelled', async () => {
  const { data: stream, response } = await client.chat.completions.create({ model: 'endless', messages: question, stream: true }).withResponse();
  for await (const chunk of stream) {
    assert.equal(chunk.choices[0]!.delta.content, 'First');
    stream.controller.abort();
  }
  assert.equal(await upstream.last.end, 'abandoned');
  const account = await gateway.account(response.headers.get('x-wattline-answer-id'));
  assert.deepEqual([account.status, account.http_status, account.streamed], ['cancelled', 499, true]);
});

test('abort before the first word', async () => {
  const before = await gateway.latest();
  const controller = new AbortController();
  const arrived = upstream.next();
  const asked = client.chat.completions.create({ model: 'silent', messages: question }, { signal: controller.signal });
  const seen = await arrived;
  controller.abort();
  await assert.rejects(asked, OpenAI.APIUserAbortError);
  assert.equal(await seen.end, 'abandoned');
  const account = await gateway.newest(before);
  assert.deepEqual([account.model, account.status], ['silent', 'cancelled']);
});

test('errors keep their kind and their words', async () => {
  const refused = client.chat.completions.create({ model: 'refusing', messages: question, temperature: 9 });
  await assert.rejects(refused, (e) => e instanceof OpenAI.BadRequestError && e.param === 'temperature' && e.code === 'decimal_above_max_value' && e.message.includes('decimal above maximum'));
  await assert.rejects(client.chat.completions.create({ model: 'failing', messages: question }), OpenAI.InternalServerError);
  await assert.rejects(client.chat.completions.create({ model: 'nobody', messages: question }), (e) => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found');
  await assert.rejects(client.chat.completions.create({ model: 'words', messages: [] }), (e) => e instanceof OpenAI.BadRequestError && e.param === 'messages');
  await assert.rejects(client.chat.completions.create({ model: 'refusing', messages: question, stream: true }), OpenAI.BadRequestError);
});

test('the client tries again when it is told to', async () => {
  const patient = new OpenAI({ baseURL: gateway.v1, apiKey: 'any', maxRetries: 1 });
  const data = await patient.chat.completions.create({ model: 'busy', messages: question });
  assert.equal(data.choices[0]!.message.content, sentence.join(''));
});

test('a stream that breaks off is an error, not an end', async () => {
  const { data: stream, response } = await client.chat.completions.create({ model: 'breaking', messages: question, stream: true }).withResponse();
  let text = '';
  await assert.rejects(async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  }, OpenAI.APIError);
  assert.equal(text, 'Half');
  assert.equal((await gateway.account(response.headers.get('x-wattline-answer-id'))).status, 'error');
});

test('the model inside answers the same client', async () => {
  const data = await client.chat.completions.create({ model: 'glow-xs', messages: [{ role: 'user', content: 'What is 17 + 25?' }] });
  assert.equal(data.choices[0]!.message.content, '42');
  await assertAccounted(gateway, costOf(data.usage), { model: 'glow-xs', upstream: 'builtin' });
  const final = await client.chat.completions.stream({ model: 'glow-xs', messages: [{ role: 'user', content: 'What is the capital of France?' }], stream_options: { include_usage: true } }).finalChatCompletion();
  assert.equal(final.choices[0]!.message.content, 'Paris');
  await assertAccounted(gateway, costOf(final.usage), { upstream: 'builtin', streamed: true });
});

test('thirty at once keep their own answers', async () => {
  const sums = await Promise.all(Array.from({ length: 30 }, async (_, i) => {
    const data = await client.chat.completions.create({ model: i % 2 ? 'glow-xs' : 'words', messages: [{ role: 'user', content: `What is ${10 + i} + 7?` }] });
    return [i % 2 ? String(17 + i) : sentence.join(''), data.choices[0]!.message.content];
  }));
  for (const [expected, got] of sums) assert.equal(got, expected);
});

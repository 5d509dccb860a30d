// An upstream that speaks as OpenAI's API reference shows its replies. The model that is asked for says which.
import { sendEvents, sendJson, Upstream, type Seen } from './upstream.ts';
import type { ServerResponse } from 'node:http';

export const models = [
  'words', 'tools', 'logprobs', 'several', 'pictures', 'json', 'thinking', 'strange', 'endless', 'silent', 'refusing', 'failing', 'busy',
  'breaking', 'text', 'vectors',
];
export const usage = { prompt_tokens: 19, completion_tokens: 10, total_tokens: 29, prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 } };
export const sentence = ['Hello', ' there', ', how may', ' I help', ' – 你好 🙂', '?'];
const id = 'chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT', created = 1741569952;

export interface Choice {
  text?: string[];
  calls?: { id: string; name: string; fragments: string[] }[];
  reason?: string;
  logprobs?: unknown;
  extra?: object;
}

/** The same answer whole or as a stream, whichever was asked for. */
function answer(request: Seen, reply: ServerResponse, choices: Choice[], members: object = {}): void {
  const base = { id, created, model: `${request.body.model}-2025-08-07`, service_tier: 'default', system_fingerprint: 'fp_44709d6fcb', ...members };
  const reasonOf = (c: Choice): string => c.reason ?? (c.calls ? 'tool_calls' : 'stop');
  if (!request.body.stream) {
    sendJson(reply, {
      ...base, object: 'chat.completion', usage,
      choices: choices.map((c, index) => ({
        index,
        message: {
          role: 'assistant', content: c.text ? c.text.join('') : null, refusal: null, annotations: [], ...c.extra,
          ...(c.calls ? { tool_calls: c.calls.map((call) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.fragments.join('') } })) } : {}),
        },
        logprobs: c.logprobs ?? null, finish_reason: reasonOf(c),
      })),
    });
    return;
  }
  const chunk = (index: number, delta: object, finish_reason: string | null = null, logprobs: unknown = null): object => ({
    ...base, object: 'chat.completion.chunk', choices: [{ index, delta, logprobs, finish_reason }],
    ...(request.body.stream_options?.include_usage ? { usage: null } : {}),
  });
  const events: unknown[] = [];
  choices.forEach((c, index) => {
    events.push(chunk(index, { role: 'assistant', content: c.text ? '' : null, refusal: null, ...c.extra }));
    c.text?.forEach((content, i) => events.push(chunk(index, { content }, null, i === 0 ? c.logprobs ?? null : null)));
    c.calls?.forEach((call, at) => {
      events.push(chunk(index, { tool_calls: [{ index: at, id: call.id, type: 'function', function: { name: call.name, arguments: '' } }] }));
      for (const piece of call.fragments) events.push(chunk(index, { tool_calls: [{ index: at, function: { arguments: piece } }] }));
    });
    events.push(chunk(index, {}, reasonOf(c)));
  });
  if (request.body.stream_options?.include_usage) events.push({ ...base, object: 'chat.completion.chunk', choices: [], usage });
  sendEvents(reply, [...events, '[DONE]']);
}

export const logprobs = { content: [{ token: 'Hello', logprob: -0.31725305, bytes: [72, 101, 108, 108, 111], top_logprobs: [{ token: 'Hello', logprob: -0.31725305, bytes: [72, 101, 108, 108, 111] }, { token: 'Hi', logprob: -1.3190403, bytes: [72, 105] }] }], refusal: null };
// 2^53 + 1: lost by whoever reads numbers as doubles.
export const strange = '"x_vendor":{"seed":9007199254740993,"ratio":1.0,"nested":[null,{"deep":"\\u00e9\\ud83d\\ude42"}]}';

const scripts: Record<string, (request: Seen, reply: ServerResponse, upstream: Upstream) => void> = {
  words: (request, reply) => answer(request, reply, [{ text: sentence }]),
  tools: (request, reply) => {
    const results = request.body.messages.filter((m: { role: string }) => m.role === 'tool');
    if (results.length > 0) return answer(request, reply, [{ text: ['It is ', ...results.map((m: { content: string }) => `${m.content} `), 'there.'] }]);
    answer(request, reply, [{ calls: [
      { id: 'call_pzUl1', name: 'weather', fragments: ['{"ci', 'ty":"Pa', 'ris"', '}'] },
      { id: 'call_pzUl2', name: 'weather', fragments: ['{"city":', '"São Paulo"}'] },
    ] }]);
  },
  logprobs: (request, reply) => answer(request, reply, [{ text: ['Hello'], logprobs }]),
  several: (request, reply) => answer(request, reply, Array.from({ length: request.body.n }, (_, i) => ({ text: ['Answer ', String(i)] }))),
  pictures: (request, reply) => answer(request, reply, [{ text: ['A boardwalk.'] }]),
  json: (request, reply) => answer(request, reply, [{ text: ['{"name":"Ada",', '"age":36}'] }]),
  thinking: (request, reply) => answer(request, reply, [{ text: ['Four.'], extra: { reasoning_content: 'Two and two.' } }]),
  strange: (_request, reply) => sendJson(reply, `{"id":"x","object":"chat.completion","created":1,"model":"strange",${strange},` +
    `"choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`),
  endless: (request, reply) => sendEvents(reply, [
    { id, object: 'chat.completion.chunk', created, model: request.body.model, choices: [{ index: 0, delta: { role: 'assistant', content: 'First' }, finish_reason: null }] },
  ], false),
  silent: () => undefined,
  breaking: (request, reply) => {
    sendEvents(reply, [{ id, object: 'chat.completion.chunk', created, model: request.body.model, choices: [{ index: 0, delta: { role: 'assistant', content: 'Half' }, finish_reason: null }] }], false);
    setImmediate(() => reply.destroy());
  },
  refusing: (_request, reply) => sendJson(reply, { error: { message: "Invalid 'temperature': decimal above maximum value.", type: 'invalid_request_error', param: 'temperature', code: 'decimal_above_max_value' } }, 400),
  failing: (_request, reply) => sendJson(reply, { error: { message: 'The server had an error while processing your request. Sorry about that!', type: 'server_error', param: null, code: null } }, 500),
  busy: (request, reply, upstream) => {
    // The client is told to come back and does.
    const tries = upstream.seen.filter((s) => s.body?.model === 'busy').length;
    if (tries % 2 === 1) sendJson(reply, { error: { message: 'Rate limit reached', type: 'requests', param: null, code: 'rate_limit_exceeded' } }, 429, { 'retry-after-ms': '1', 'retry-after': '0' });
    else answer(request, reply, [{ text: sentence }]);
  },
};

export const vectors = [[0.0023064255, -0.009327292, 0.5], [-0.0028842222, 1, -0.25]];

/** Legacy completions and embeddings, as the reference shows them. */
const others: Record<string, (request: Seen, reply: ServerResponse) => void> = {
  '/v1/completions': (request, reply) => {
    const base = { id: 'cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7', object: 'text_completion', created, model: request.body.model, system_fingerprint: 'fp_44709d6fcb' };
    const choice = (text: string, finish_reason: string | null): object => ({ text, index: 0, logprobs: null, finish_reason });
    const told = { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 };
    if (!request.body.stream) return sendJson(reply, { ...base, choices: [choice(sentence.join(''), 'length')], usage: told });
    sendEvents(reply, [...sentence.map((text) => ({ ...base, choices: [choice(text, null)] })), { ...base, choices: [choice('', 'length')] },
      ...(request.body.stream_options?.include_usage ? [{ ...base, choices: [], usage: told }] : []), '[DONE]']);
  },
  '/v1/embeddings': (request, reply) => {
    const as = (v: number[]): number[] | string => (request.body.encoding_format === 'base64' ? Buffer.from(new Float32Array(v).buffer).toString('base64') : v);
    const inputs = [request.body.input].flat();
    sendJson(reply, { object: 'list', data: inputs.map((_, index) => ({ object: 'embedding', index, embedding: as(vectors[index % 2]!) })), model: request.body.model, usage: { prompt_tokens: 8, total_tokens: 8 } });
  },
};

/** Responses as OpenAI's reference shows them, for upstreams that have them themselves. */
others['/v1/responses'] = (request, reply) => {
  const message = { type: 'message', id: 'msg_67ccd2bf17f0819081ff3bb2cf6508e6', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text: sentence.join(''), annotations: [], logprobs: [] }] };
  const response = (status: string, output: object[], told: object | null): object => ({
    id: 'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b', object: 'response', created_at: created, status, background: false, error: null, incomplete_details: null,
    instructions: null, max_output_tokens: null, model: `${request.body.model}-2025-08-07`, output, parallel_tool_calls: true, previous_response_id: request.body.previous_response_id ?? null,
    reasoning: { effort: null, summary: null }, store: true, temperature: 1, text: { format: { type: 'text' } }, tool_choice: 'auto', tools: [], top_p: 1, truncation: 'disabled', usage: told, metadata: {},
  });
  const told = { input_tokens: 36, input_tokens_details: { cached_tokens: 0 }, output_tokens: 87, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 123 };
  if (!request.body.stream) return sendJson(reply, response('completed', [message], told));
  let sequence_number = 0;
  const event = (type: string, members: object): unknown => [type, { type, sequence_number: sequence_number++, ...members }];
  const at = { item_id: message.id, output_index: 0, content_index: 0 };
  sendEvents(reply, [
    event('response.created', { response: response('in_progress', [], null) }), event('response.in_progress', { response: response('in_progress', [], null) }),
    event('response.output_item.added', { output_index: 0, item: { ...message, status: 'in_progress', content: [] } }),
    event('response.content_part.added', { ...at, part: { type: 'output_text', text: '', annotations: [], logprobs: [] } }),
    ...sentence.map((delta) => event('response.output_text.delta', { ...at, delta, logprobs: [] })),
    event('response.output_text.done', { ...at, text: sentence.join(''), logprobs: [] }), event('response.content_part.done', { ...at, part: message.content[0] }),
    event('response.output_item.done', { output_index: 0, item: message }), event('response.completed', { response: response('completed', [message], told) }),
  ]);
};

/** Listens on a free port of loopback. */
export function startOpenAiUpstream(): Promise<Upstream> {
  const upstream: Upstream = new Upstream((request, reply) => {
    const script = scripts[request.body?.model], other = others[request.path];
    if (other && ['text', 'vectors', 'native'].includes(request.body?.model)) return other(request, reply);
    if (request.path === '/v1/chat/completions' && script) script(request, reply, upstream);
    else sendJson(reply, { error: { message: `nothing at ${request.path}`, type: 'invalid_request_error', param: null, code: null } }, 404);
  });
  return upstream.start();
}

// One question to the gateway, answered as a stream, in OpenAI's shape.
import type { Client } from './client.ts';
import { Failure, failureFromJson, failureOf, isAbort } from './failure.ts';
import { asArray, asNumber, asObject, asText } from './json.ts';
import { readMeasure, type Measure } from './measure.ts';
import { readEvents } from './sse.ts';

export interface Cost {
  energy: Measure | null;
  carbon: Measure | null;
  water: Measure | null;
  tokensIn: number | null;
  tokensOut: number | null;
}

export type ChatPiece =
  | { kind: 'begun'; answerId: string }
  | { kind: 'text'; text: string }
  | { kind: 'finish'; reason: string }
  | { kind: 'cost'; cost: Cost; answerId: string };

export interface Question {
  model: string;
  text: string;
  maxTokens: number;
}

/** Null when the usage holds no account of Wattline's. */
export function readCost(usageJson: unknown): { cost: Cost; answerId: string } | null {
  const usage = asObject(usageJson);
  if (typeof usage.wattline !== 'object' || usage.wattline === null) return null;
  const account = asObject(usage.wattline);
  return {
    cost: {
      energy: readMeasure(account.energy, 'J'),
      carbon: readMeasure(account.carbon, 'mgCO2e'),
      water: readMeasure(account.water, 'mL'),
      tokensIn: asNumber(usage.prompt_tokens),
      tokensOut: asNumber(usage.completion_tokens),
    },
    answerId: asText(account.answer_id),
  };
}

/** Yields the pieces as they come; throws Failure, or AbortError when `signal` fired. */
export async function* ask(client: Client, question: Question, signal: AbortSignal): AsyncGenerator<ChatPiece> {
  const response = await client.open('/v1/chat/completions', {
    signal,
    body: {
      model: question.model,
      messages: [{ role: 'user', content: question.text }],
      max_tokens: question.maxTokens,
      stream: true,
      stream_options: { include_usage: true },
    },
  });
  yield { kind: 'begun', answerId: response.headers.get('x-wattline-answer-id') ?? '' };
  if (!(response.headers.get('content-type') ?? '').includes('text/event-stream')) {
    yield* piecesOf(await wholeJson(response));
    return;
  }
  if (!response.body) throw new Failure('The server sent an empty answer.', response.status);
  let ended = false;
  try {
    for await (const event of readEvents(response.body)) {
      if (event.data === '[DONE]') {
        ended = true;
        break;
      }
      let json: unknown;
      try {
        json = JSON.parse(event.data);
      } catch {
        throw new Failure('The answer broke off: the stream holds something that is not JSON.');
      }
      if (asObject(json).error) throw failureFromJson(json);
      yield* piecesOf(json);
    }
  } catch (error) {
    if (isAbort(error) || signal.aborted) throw new DOMException('cancelled', 'AbortError');
    throw error instanceof TypeError ? new Failure('The connection broke off in the middle of the answer.') : failureOf(error);
  }
  if (!ended) throw new Failure('The answer broke off before its end.');
}

async function wholeJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (isAbort(error)) throw error;
    throw new Failure('The server sent something that is not an answer.', response.status);
  }
}

/** Of a stream chunk and of a whole completion alike. */
function* piecesOf(json: unknown): Generator<ChatPiece> {
  const chunk = asObject(json);
  for (const c of asArray(chunk.choices)) {
    const choice = asObject(c);
    const message = asObject(choice.delta ?? choice.message);
    const text = asText(message.content);
    if (text) yield { kind: 'text', text };
    const reason = asText(choice.finish_reason);
    if (reason) yield { kind: 'finish', reason };
  }
  const account = readCost(chunk.usage);
  if (account) yield { kind: 'cost', ...account };
}

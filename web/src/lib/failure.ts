// What went wrong, in words: every error shape the gateway and the capabilities use becomes one.
import { asObject, asText } from './json.ts';

export class Failure extends Error {
  /** HTTP status; 0 when there was no answer at all. */
  readonly status: number;
  /** What to do about it; may be empty. */
  readonly hint: string;
  /** The field or place that is meant; may be empty. */
  readonly where: string;
  /** Of the answer that failed, where it has an account; "" else. */
  answerId = '';

  constructor(message: string, status = 0, hint = '', where = '') {
    super(message);
    this.name = 'Failure';
    this.status = status;
    this.hint = hint;
    this.where = where;
  }
}

export const keyNeeded = 401;

const words: Record<number, string> = {
  400: 'The server could not use the request.',
  401: 'The server asks for a key.',
  403: 'The server does not allow this.',
  404: 'The server does not know this address.',
  408: 'The server waited too long for the request.',
  413: 'The request is larger than the server takes.',
  429: 'The server is busy: too many requests at once.',
  500: 'The server failed at this.',
  501: 'The server cannot do this in its present build or on its machine.',
  502: 'The model behind the gateway could not be reached.',
  503: 'The server is not ready.',
  504: 'The model behind the gateway took too long.',
};

/** From a response that is not a success: {"error":{"message",...}}, {"error":"..."}, or no JSON at all. */
export function failureFrom(status: number, body: string): Failure {
  const fallback = words[status] ?? `The server answered with status ${status}.`;
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return new Failure(fallback, status);
  }
  return failureFromJson(json, status, fallback);
}

export function failureFromJson(json: unknown, status = 0, fallback = 'The server reported an error.'): Failure {
  const outer = asObject(json);
  const inner = typeof outer.error === 'object' && outer.error !== null ? asObject(outer.error) : outer;
  const message = asText(inner.message) || (typeof outer.error === 'string' ? outer.error : '');
  return new Failure(sentence(message || fallback), status, sentence(asText(inner.hint)), asText(inner.where) || asText(inner.param));
}

/** Of anything thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return new Failure('The server did not answer in time.');
  if (error instanceof TypeError) return new Failure('The server cannot be reached.', 0, 'Is wattline still running?');
  return new Failure(sentence(error instanceof Error ? error.message : String(error)));
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/** "no such model" as it stands in running text: "No such model." */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return '';
  const first = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…:]$/.test(first) ? first : `${first}.`;
}

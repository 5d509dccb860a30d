// What the gateway tells about its answers, its line and itself.
import { asArray, asNumber, asObject, asText, asTexts, type Json } from './json.ts';
import { readMeasure, type Measure } from './measure.ts';

export type AnswerStatus = 'ok' | 'error' | 'cancelled';

export interface Answer {
  id: string;
  time: string; // ISO 8601
  model: string;
  upstream: string;
  status: AnswerStatus;
  tokensIn: number | null;
  tokensOut: number | null;
  latencyMs: number | null;
  ttftMs: number | null;
  energy: Measure | null;
  carbon: Measure | null;
  water: Measure | null;
  finishReason: string;
  place: string;
  device: string;
  /** What went wrong, where something did. */
  error: string;
  /** The upstream told no counts; these are the gateway's own. */
  tokensEstimated: boolean;
}

/** Null for what has no id: a row that can be neither told apart nor looked up. */
export function readAnswer(json: Json): Answer | null {
  const o = asObject(json);
  const id = asText(o.id);
  if (!id) return null;
  const status = asText(o.status);
  return {
    id,
    time: asText(o.time),
    model: asText(o.model),
    upstream: asText(o.upstream),
    status: status === 'ok' || status === 'cancelled' ? status : 'error',
    tokensIn: asNumber(o.tokens_in),
    tokensOut: asNumber(o.tokens_out),
    latencyMs: asNumber(o.latency_ms),
    ttftMs: asNumber(o.ttft_ms),
    energy: readMeasure(o.energy, 'J'),
    carbon: readMeasure(o.carbon, 'mgCO2e'),
    water: readMeasure(o.water, 'mL'),
    finishReason: asText(o.finish_reason),
    place: readPlace(o.place).name,
    device: asText(o.device),
    error: asText(o.error),
    tokensEstimated: o.tokens_estimated === true,
  };
}

export function readAnswers(json: Json): Answer[] {
  return asArray(asObject(json).answers)
    .map(readAnswer)
    .filter((a) => a !== null);
}

/** Newest first, each id once (its later record), at most `limit`; at one time, news stand first. */
export function mergeAnswers(held: readonly Answer[], news: readonly Answer[], limit: number): Answer[] {
  const byId = new Map<string, Answer>();
  for (const a of [...news, ...held]) if (!byId.has(a.id)) byId.set(a.id, a);
  const when = (a: Answer) => Date.parse(a.time) || 0;
  return [...byId.values()].sort((a, b) => when(b) - when(a)).slice(0, limit);
}

export interface Place {
  code: string;
  name: string;
  intensity: number | null; // gCO2e/kWh
}

/** A place is told as an object, or only as its code or name. */
export function readPlace(json: Json): Place {
  const text = asText(json);
  if (text) return { code: text, name: text, intensity: null };
  const o = asObject(json);
  const code = asText(o.code);
  return { code, name: asText(o.name, code), intensity: asNumber(o.intensity_g_per_kwh) };
}

export interface LineLink {
  from: string;
  to: string;
  energyJ: number;
  carbonG: number;
}

export interface Line {
  since: string;
  answers: number;
  tokensOut: number | null;
  energy: Measure | null;
  carbon: Measure | null;
  water: Measure | null;
  place: Place;
  links: LineLink[];
}

export function readLine(json: Json): Line {
  const o = asObject(json);
  const totals = asObject(o.totals);
  return {
    since: asText(o.since),
    answers: asNumber(o.answers) ?? 0,
    tokensOut: asNumber(o.tokens_out) ?? asNumber(totals.tokens_out),
    energy: readMeasure(totals.energy, 'J'),
    carbon: readMeasure(totals.carbon, 'mgCO2e'),
    water: readMeasure(totals.water, 'mL'),
    place: readPlace(o.place),
    links: asArray(o.links).map((l) => {
      const link = asObject(l);
      return {
        from: asText(link.from),
        to: asText(link.to),
        energyJ: asNumber(link.energy_j) ?? 0,
        carbonG: asNumber(link.carbon_g) ?? 0,
      };
    }),
  };
}

export interface Status {
  version: string;
  uptimeS: number | null;
  models: { id: string; upstream: string; builtin: boolean }[];
  place: Place;
  method: string;
  explanation: string;
  warnings: string[];
}

export function readStatus(json: Json): Status {
  const o = asObject(json);
  return {
    version: asText(o.version),
    uptimeS: asNumber(o.uptime_s),
    models: asArray(o.models).map((m) => {
      const model = asObject(m);
      return { id: asText(model.id), upstream: asText(model.upstream), builtin: model.builtin === true };
    }),
    place: readPlace(o.place),
    method: asText(o.method),
    explanation: asText(o.explanation),
    warnings: asTexts(o.warnings),
  };
}

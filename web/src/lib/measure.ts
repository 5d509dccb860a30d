// A value with its 95 % interval and how it is known, as the server sends it and as it is shown.
import { asNumber, asObject, asText, asTexts, type Json } from './json.ts';
import { formatNumber, knownUnit, unitFor, type NumberStyle } from './units.ts';

export type Method = 'measured' | 'declared' | 'modelled';

export interface Measure {
  value: number | null;
  low: number | null;
  high: number | null;
  unit: string;
  method: Method;
  sources: string[];
}

/** A method nobody has told is the worst one: nothing may look better known than it is. */
export function readMethod(value: Json): Method {
  return value === 'measured' || value === 'declared' ? value : 'modelled';
}

export function readMeasure(json: Json, unit = ''): Measure | null {
  if (typeof json !== 'object' || json === null) return null;
  const o = asObject(json);
  return {
    value: asNumber(o.value),
    low: asNumber(o.low),
    high: asNumber(o.high),
    unit: asText(o.unit, unit),
    method: readMethod(o.method),
    sources: asTexts(o.sources),
  };
}

export interface ShownMeasure {
  number: string;
  unit: string;
  /** "0.9 – 1.7", in the unit of the value; "" when there is no interval. */
  interval: string;
  method: Method;
  /** The whole as one line, for titles and screen readers. */
  text: string;
}

/** To two digits, above 100 too: the end of an interval is not known better. */
function rounded(value: number): string {
  return formatNumber(Number(value.toPrecision(2)), { significant: 2, keepZeros: true });
}

export function showMeasure(m: Measure | null, style: NumberStyle = {}): ShownMeasure | null {
  if (!m || m.value === null) return null;
  const digits = { significant: 3, keepZeros: true, ...style };
  const { unit, scale } = unitFor(m.value, m.unit);
  const number = formatNumber(m.value * scale, digits);
  let interval = '';
  if (m.low !== null && m.high !== null && !(m.low === m.value && m.high === m.value))
    interval = `${rounded(m.low * scale)} – ${rounded(m.high * scale)}`;
  const text = `${m.method === 'modelled' ? 'about ' : ''}${number} ${unit}${interval ? `, between ${interval.replace(' – ', ' and ')} with 95 % confidence` : ''}, ${m.method}`;
  return { number, unit, interval, method: m.method, text };
}

/** Energy per token, the tokens being counted exactly: the interval scales along. */
export function perToken(m: Measure | null, tokens: number): Measure | null {
  const known = m && knownUnit(m.unit);
  if (!m || known?.base !== 'J' || !(tokens > 0)) return null;
  const per = (v: number | null) => (v === null ? null : (v * known.factor) / tokens);
  return { ...m, value: per(m.value), low: per(m.low), high: per(m.high), unit: 'J/token' };
}

const order: readonly Method[] = ['measured', 'declared', 'modelled'];

/**
 * The sum of measures of one unit. Interval ends add up, as if all errors went the same way: answers
 * of one machine share their factors, and too wide is the honest side.
 */
export function addMeasures(list: readonly (Measure | null)[]): Measure | null {
  let sum: Measure | null = null;
  for (const m of list) {
    if (!m || m.value === null) continue;
    if (!sum) {
      sum = { ...m, low: m.low ?? m.value, high: m.high ?? m.value, sources: [...m.sources] };
      continue;
    }
    if (m.unit !== sum.unit) return null;
    sum.value = sum.value! + m.value;
    sum.low = sum.low! + (m.low ?? m.value);
    sum.high = sum.high! + (m.high ?? m.value);
    if (order.indexOf(m.method) > order.indexOf(sum.method)) sum.method = m.method;
    for (const s of m.sources) if (!sum.sources.includes(s)) sum.sources.push(s);
  }
  return sum;
}

// Axes: where a value lies, and the round numbers to write beside it.
import { formatNumber, superscript } from './units.ts';

export interface Tick {
  at: number; // the value
  text: string;
}

export interface Scale {
  low: number;
  high: number;
  /** 0..1 along the axis. */
  place(value: number): number;
  ticks: Tick[];
}

/** Steps of 1, 2 or 5 times a power of ten. */
export function niceStep(span: number, count: number): number {
  if (!(span > 0) || !Number.isFinite(span)) return 1;
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((s) => rough <= s * power * 1.0000001) ?? 10;
  return step * power;
}

export function extent(values: Iterable<number | null | undefined>): [number, number] | null {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v === null || v === undefined || !Number.isFinite(v)) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return low <= high ? [low, high] : null;
}

export function linearScale(low: number, high: number, count = 5): Scale {
  if (low === high) {
    const half = Math.abs(low) / 2 || 1;
    low -= half;
    high += half;
  }
  const step = niceStep(high - low, count);
  const from = Math.floor(low / step + 1e-9) * step;
  const to = Math.ceil(high / step - 1e-9) * step;
  const ticks: Tick[] = [];
  for (let i = 0; from + i * step <= to + step * 1e-6 && i < 50; ++i) {
    const at = Math.abs(from + i * step) < step * 1e-9 ? 0 : Number((from + i * step).toPrecision(12));
    ticks.push({ at, text: formatNumber(at, { significant: 6 }) });
  }
  return { low: from, high: to, ticks, place: (v) => (v - from) / (to - from) };
}

/** Values must be over 0: others have no place (NaN). */
export function logScale(low: number, high: number, count = 6): Scale {
  let from = Math.floor(Math.log10(low) + 1e-9);
  let to = Math.ceil(Math.log10(high) - 1e-9);
  if (from === to) {
    from -= 1;
    to += 1;
  }
  const every = Math.max(1, Math.ceil((to - from) / count));
  const plain = from >= -3 && to <= 5; // one way of writing for all ticks of an axis
  const ticks: Tick[] = [];
  for (let e = from; e <= to; e += every) ticks.push({ at: 10 ** e, text: plain ? formatNumber(10 ** e) : `10${superscript(e)}` });
  return {
    low: 10 ** from, high: 10 ** to, ticks,
    place: (v) => (v > 0 ? (Math.log10(v) - from) / (to - from) : NaN),
  };
}

const timeSteps = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
  2 * 86400, 7 * 86400, 14 * 86400, 30 * 86400, 91 * 86400, 182 * 86400, 365 * 86400,
];

/** Values are seconds since 1970; labels are UTC, as the program prints them. */
export function timeScale(low: number, high: number, count = 5): Scale {
  if (low === high) {
    low -= 0.5;
    high += 0.5;
  }
  const span = high - low;
  const step = span < count ? niceStep(span, count) : (timeSteps.find((s) => span / s <= count) ?? 365 * 86400 * niceStep(span / (365 * 86400), count));
  const ticks: Tick[] = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6 && ticks.length < 50; at += step)
    ticks.push({ at, text: timeLabel(at, step, span) });
  return { low, high, ticks, place: (v) => (v - low) / (high - low) };
}

function timeLabel(seconds: number, step: number, span: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return '';
  const iso = date.toISOString();
  if (step >= 86400) return span > 300 * 86400 ? iso.slice(0, 7) : iso.slice(5, 10);
  if (step >= 60) return span > 86400 ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso.slice(11, 16);
  if (step >= 1) return iso.slice(11, 19);
  return iso.slice(17, 23);
}

/** Keeps the lowest and highest point of each of `buckets`, so that thinning loses no spike. */
export function thinned<P extends { y: number | null }>(points: readonly P[], buckets: number): P[] {
  if (points.length <= buckets * 2) return [...points];
  const out: P[] = [];
  const size = points.length / buckets;
  for (let b = 0; b < buckets; ++b) {
    const part = points.slice(Math.floor(b * size), Math.floor((b + 1) * size));
    let low: P | undefined;
    let high: P | undefined;
    let gap: P | undefined;
    for (const p of part) {
      if (p.y === null) gap ??= p;
      else {
        if (!low || p.y < low.y!) low = p;
        if (!high || p.y > high.y!) high = p;
      }
    }
    const keep = new Set([low, high, gap].filter((p) => p !== undefined));
    out.push(...part.filter((p) => keep.has(p)));
  }
  return out;
}

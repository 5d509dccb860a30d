// How a figure looks says how it is known: a measured one is set full and upright, a declared one is
// outlined, a modelled one has a wavy "about" and a dashed tag. In one place, so that none is missed.
import type { Measure, Method } from '../lib/measure.ts';
import { showMeasure } from '../lib/measure.ts';

const meaning: Record<Method, string> = {
  measured: 'measured: read from a counter of the machine',
  declared: 'declared: a figure that somebody states, taken over unchecked',
  modelled: 'modelled: computed from other figures, not measured',
};

export function MethodTag({ method }: { method: Method }) {
  return (
    <span class={`method ${method}`} title={meaning[method]}>
      <svg viewBox="0 0 10 10" width="9" height="9" aria-hidden="true">
        <circle cx="5" cy="5" r="4" />
        {method === 'declared' && <path d="M5 1a4 4 0 0 1 0 8z" />}
      </svg>
      {method}
    </span>
  );
}

export function Value({ measure, interval = false }: { measure: Measure | null; interval?: boolean }) {
  const shown = showMeasure(measure);
  if (!shown) return <span class="value none" title="not known">–</span>;
  return (
    <span class={`value ${shown.method}`} title={shown.text}>
      <span class="figure">
        {shown.method === 'modelled' && <span class="about" aria-label="about">≈</span>}
        {shown.number}
      </span>
      <span class="unit">&nbsp;{shown.unit}</span>
      {interval && shown.interval && <span class="interval">{shown.interval}</span>}
    </span>
  );
}

/** The interval drawn from zero, the value as a mark on it. */
export function Whisker({ measure }: { measure: Measure | null }) {
  if (!measure || measure.value === null || measure.low === null || measure.high === null || measure.low === measure.high) return <svg class="whisker" viewBox="0 0 100 8" aria-hidden="true" />;
  const { value, low, high, method } = measure;
  const from = Math.min(0, low);
  const span = Math.max(high, 0) - from || 1;
  const x = (v: number) => 1 + (98 * (v - from)) / span;
  return (
    <svg class={`whisker ${method}`} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <line class="base" x1="1" x2="99" y1="4" y2="4" />
      <line class="range" x1={x(low)} x2={x(high)} y1="4" y2="4" />
      <line class="mark" x1={x(value)} x2={x(value)} y1="0.5" y2="7.5" />
    </svg>
  );
}

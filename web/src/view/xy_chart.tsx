// Line, bar and scatter.
import { useMemo, useState } from 'preact/hooks';
import type { Axis, FigureBlock, Point } from '../lib/result.ts';
import { extent, linearScale, logScale, thinned, timeScale, type Scale } from '../lib/scale.ts';
import { formatNumber, prettyUnit, quantityText } from '../lib/units.ts';
import { useUid, useWidth } from './hooks.ts';

const height = 300;
const colours = 6;

function scaleOf(axis: Axis, values: (number | null)[], withZero: boolean, count: number): Scale {
  const positive = values.filter((v): v is number => v !== null && v > 0);
  if (axis.log && positive.length > 0) {
    const [low, high] = extent(positive)!;
    return logScale(low, high, count);
  }
  const [low, high] = extent(values) ?? [0, 1];
  if (axis.time) return timeScale(low, high, count);
  return linearScale(withZero ? Math.min(0, low) : low, withZero ? Math.max(0, high) : high, count);
}

function axisTitle(axis: Axis): string {
  const unit = prettyUnit(axis.unit);
  return axis.label && unit ? `${axis.label} (${unit})` : axis.label || unit;
}

interface Mark {
  x: number;
  y: number;
  trace: number;
  point: Point;
}

export function XYChart({ figure: f }: { figure: FigureBlock }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<Mark | null>(null);
  const clip = useUid('plot');
  const traces = f.traces.filter((t) => t.points.length > 0);
  const bar = f.kind === 'bar';
  const drawn = useMemo(() => {
    const points = traces.flatMap((t) => t.points);
    const ys = points.flatMap((p) => [p.y, p.low, p.high]);
    const y = scaleOf(f.y, ys, bar, 5);
    const widest = Math.max(...y.ticks.map((t) => t.text.length), 2);
    const left = 14 + widest * 7 + (axisTitle(f.y) ? 18 : 0);
    const plotWidth = Math.max(60, width - left - 14);
    const x = bar ? null : scaleOf(f.x, points.map((p) => p.x), false, Math.max(2, Math.floor(plotWidth / 90)));
    return { y, x, left, plotWidth };
  }, [f, width]);
  if (traces.length === 0) return <p class="soft">No points to draw.</p>;
  const { y, x, left, plotWidth } = drawn;
  const groups = bar ? Math.max(f.categories.length, ...traces.flatMap((t) => t.points.map((p) => Math.floor(p.x) + 1))) : 0;
  const band = bar ? plotWidth / Math.max(1, groups) : 0;
  const longest = Math.max(0, ...f.categories.map((c) => c.length));
  const tilted = bar && longest * 7 > band - 6;
  const bottom = (tilted ? Math.min(110, 14 + longest * 4.6) : 24) + (axisTitle(f.x) ? 20 : 0);
  const plotHeight = height - 12;
  const py = (v: number) => 6 + (1 - y.place(v)) * plotHeight;
  const px = (v: number) => left + (x ? x.place(v) * plotWidth : 0);
  const floor = f.y.log ? py(y.low) : py(Math.min(Math.max(0, y.low), y.high));
  const barWidth = Math.min(46, (band * 0.72) / traces.length);
  const barX = (p: Point, trace: number) => left + (p.x + 0.5) * band + (trace - (traces.length - 1) / 2) * barWidth;

  const marks: Mark[] = traces.flatMap((t, trace) =>
    thinned(t.points, Math.max(200, plotWidth)).flatMap((point): Mark[] => {
      if (point.y === null) return [];
      const mark = { x: bar ? barX(point, trace) : px(point.x), y: py(point.y), trace, point };
      return Number.isFinite(mark.x) && Number.isFinite(mark.y) ? [mark] : [];
    }),
  );
  const onMove = (event: MouseEvent) => {
    const box = (event.currentTarget as SVGElement).getBoundingClientRect();
    const [mx, my] = [event.clientX - box.left, event.clientY - box.top];
    let best: Mark | null = null;
    let distance = 40 ** 2;
    for (const m of marks) {
      const d = (m.x - mx) ** 2 + (bar ? 0 : (m.y - my) ** 2);
      if (d < distance) {
        distance = d;
        best = m;
      }
    }
    setAt(best);
  };
  const xText = (p: Point) => (bar ? (f.categories[p.x] ?? formatNumber(p.x)) : f.x.time ? new Date(p.x * 1000).toISOString().slice(0, 19).replace('T', ' ') : quantityOr(p.x, f.x.unit));

  return (
    <div ref={ref} class="chart-frame">
      {width > 0 && (
        <svg class="chart" width={width} height={height + bottom} role="img" aria-label={`${f.title || 'Figure'}: ${traces.map((t) => t.name).filter(Boolean).join(', ')}`} onMouseMove={onMove} onMouseLeave={() => setAt(null)}>
          <defs><clipPath id={clip}><rect x={left - 5} y="0" width={plotWidth + 10} height={height} /></clipPath></defs>
          {y.ticks.map((t) => (
            <g key={t.at}>
              <line class="grid" x1={left} x2={left + plotWidth} y1={py(t.at)} y2={py(t.at)} />
              <text class="tick" x={left - 8} y={py(t.at) + 4} text-anchor="end">{t.text}</text>
            </g>
          ))}
          {axisTitle(f.y) && <text class="axis" transform={`translate(13 ${height / 2}) rotate(-90)`} text-anchor="middle">{axisTitle(f.y)}</text>}
          {axisTitle(f.x) && <text class="axis" x={left + plotWidth / 2} y={height + bottom - 5} text-anchor="middle">{axisTitle(f.x)}</text>}
          {x?.ticks.map((t, i) => (
            <g key={t.at}>
              <line class="tickmark" x1={px(t.at)} x2={px(t.at)} y1={height - 6} y2={height - 1} />
              <text class="tick" x={px(t.at)} y={height + 13} text-anchor={i === 0 && px(t.at) < left + 14 ? 'start' : px(t.at) > left + plotWidth - 20 ? 'end' : 'middle'}>{t.text}</text>
            </g>
          ))}
          {bar && f.categories.map((c, i) => {
            const cx = left + (i + 0.5) * band;
            return tilted
              ? <text key={i} class="tick" transform={`translate(${cx + 4} ${height + 6}) rotate(-38)`} text-anchor="end">{c.length > 24 ? `${c.slice(0, 23)}…` : c}</text>
              : <text key={i} class="tick" x={cx} y={height + 13} text-anchor="middle">{c}</text>;
          })}
          <g clip-path={`url(#${clip})`}>
            {traces.map((t, k) => {
              const own = marks.filter((m) => m.trace === k);
              const colour = `trace c${k % colours}`;
              return (
                <g key={k} class={colour}>
                  {f.kind === 'line' && <Band points={t.points} px={px} py={py} buckets={plotWidth} />}
                  {f.kind === 'line' && <path class="stroke" d={linePath(thinned(t.points, Math.max(200, plotWidth)), px, py)} />}
                  {bar && own.map((m, i) => <rect key={i} class="fill" x={m.x - barWidth / 2 + 0.5} width={Math.max(1, barWidth - 1)} y={Math.min(m.y, floor)} height={Math.max(1, Math.abs(floor - m.y))} />)}
                  {f.kind !== 'line' && own.map((m, i) => <ErrorBar key={i} mark={m} py={py} />)}
                  {(f.kind === 'scatter' || (f.kind === 'line' && own.length <= 40)) && own.map((m, i) => <Dot key={i} x={m.x} y={m.y} shape={k} />)}
                </g>
              );
            })}
          </g>
          <line class="axis-line" x1={left} x2={left + plotWidth} y1={floor} y2={floor} />
          {at && <Tip mark={at} width={width} name={traces.length > 1 ? (traces[at.trace]?.name ?? '') : ''} x={xText(at.point)} y={quantityOr(at.point.y, f.y.unit)} range={at.point.low !== null && at.point.high !== null ? `${formatNumber(at.point.low)} – ${formatNumber(at.point.high)}` : ''} />}
        </svg>
      )}
      {traces.length > 1 && (
        <ul class="legend">
          {traces.map((t, k) => (
            <li key={k}>
              <svg width="28" height="12" aria-hidden="true" class={`trace c${k % colours}`}>
                {f.kind === 'line' && <line class="stroke" x1="1" x2="27" y1="6" y2="6" />}
                {bar ? <rect class="fill" x="7" y="0" width="14" height="12" /> : <Dot x={14} y={6} shape={k} />}
              </svg>
              {t.name || `trace ${k + 1}`}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function quantityOr(value: number | null, unit: string): string {
  return unit ? quantityText(value, unit) : formatNumber(value, { significant: 6 });
}

/** A gap where a value is missing or has no place. */
function linePath(points: readonly Point[], px: (v: number) => number, py: (v: number) => number): string {
  let d = '';
  let pen = false;
  for (const p of points) {
    const [x, y] = [px(p.x), p.y === null ? NaN : py(p.y)];
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = false;
      continue;
    }
    d += `${pen ? 'L' : 'M'}${x.toFixed(1)},${y.toFixed(1)}`;
    pen = true;
  }
  return d;
}

function Band({ points, px, py, buckets }: { points: Point[]; px: (v: number) => number; py: (v: number) => number; buckets: number }) {
  const known = thinned(points.filter((p) => p.low !== null && p.high !== null), Math.max(200, buckets));
  if (known.length < 2) return null;
  const edge = (p: Point, v: number) => `${px(p.x).toFixed(1)},${py(v).toFixed(1)}`;
  const there = known.map((p) => edge(p, p.high!));
  const back = known.map((p) => edge(p, p.low!)).reverse();
  const d = `M${[...there, ...back].join('L')}Z`;
  return d.includes('NaN') ? null : <path class="range-fill" d={d} />;
}

function ErrorBar({ mark: { x, point }, py }: { mark: Mark; py: (v: number) => number }) {
  if (point.low === null || point.high === null) return null;
  const [low, high] = [py(point.low), py(point.high)];
  if (!Number.isFinite(low) || !Number.isFinite(high)) return null;
  return <path class="error-bar" d={`M${x},${low}V${high}M${x - 4},${low}h8M${x - 4},${high}h8`} />;
}

function Dot({ x, y, shape }: { x: number; y: number; shape: number }) {
  switch (shape % 4) {
    case 1: return <rect class="dot" x={x - 3} y={y - 3} width="6" height="6" />;
    case 2: return <path class="dot" d={`M${x},${y - 4}l4,7h-8z`} />;
    case 3: return <path class="dot" d={`M${x},${y - 4.4}l4.4,4.4l-4.4,4.4l-4.4,-4.4z`} />;
    default: return <circle class="dot" cx={x} cy={y} r="3.2" />;
  }
}

function Tip({ mark, width, name, x, y, range }: { mark: Mark; width: number; name: string; x: string; y: string; range: string }) {
  const lines = [name, x, range ? `${y} (${range})` : y].filter(Boolean);
  const boxWidth = Math.min(width - 8, 16 + 7 * Math.max(...lines.map((l) => l.length)));
  const left = Math.min(Math.max(4, mark.x + 12), width - boxWidth - 4);
  const top = Math.max(2, mark.y - 16 - lines.length * 17);
  return (
    <g class="tip" aria-hidden="true">
      <circle cx={mark.x} cy={mark.y} r="5" />
      <rect x={left} y={top} width={boxWidth} height={10 + lines.length * 17} rx="5" />
      {lines.map((l, i) => <text key={i} x={left + 8} y={top + 18 + i * 17}>{l}</text>)}
    </g>
  );
}

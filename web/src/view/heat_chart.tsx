// A heat map: cells from pale to strong; the number stands in each cell where it fits.
import { extent } from '../lib/scale.ts';
import { formatNumber, prettyUnit } from '../lib/units.ts';
import type { FigureBlock } from '../lib/result.ts';
import { useWidth } from './hooks.ts';

export function HeatChart({ figure: f }: { figure: FigureBlock }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const columns = Math.max(f.categories.length, ...f.cells.map((r) => r.length), 0);
  const range = extent(f.cells.flat());
  if (columns === 0 || !range) return <p class="soft">No cells to draw.</p>;
  const [low, high] = range;
  const left = Math.min(width * 0.35, 12 + 7 * Math.max(0, ...f.rowLabels.map((l) => l.length)));
  const cellWidth = Math.max(2, (width - left - 2) / columns);
  const cellHeight = Math.max(16, Math.min(40, cellWidth * 0.62, 460 / f.cells.length));
  const longest = Math.max(0, ...f.categories.map((c) => c.length));
  const tilted = longest * 7 > cellWidth - 4;
  const every = tilted ? Math.max(1, Math.ceil(15 / cellWidth)) : 1;
  const bottom = tilted ? Math.min(110, 16 + longest * 4.6) : 22;
  const numbers = cellWidth > 44 && cellHeight > 17;
  const strength = (v: number) => (high > low ? (v - low) / (high - low) : 0.5);
  const plot = f.cells.length * cellHeight;
  const unit = prettyUnit(f.valueUnit);
  const roomLeft = Math.max(3, Math.floor((left - 12) / 7));
  return (
    <div ref={ref} class="chart-frame">
      {width > 0 && (
        <svg class="chart heat" width={width} height={plot + bottom} role="img" aria-label={f.title || 'Heat map'}>
          {f.cells.map((row, r) => (
            <g key={r}>
              <text class="tick" x={left - 8} y={(r + 0.5) * cellHeight + 4} text-anchor="end">{shorten(f.rowLabels[r] ?? '', roomLeft)}</text>
              {row.map((v, c) => (
                <g key={c}>
                  <title>{`${f.rowLabels[r] ?? ''} · ${f.categories[c] ?? ''}: ${formatNumber(v)} ${unit}`}</title>
                  <rect class={v === null ? 'cell missing' : 'cell'} x={left + c * cellWidth} y={r * cellHeight} width={Math.max(1, cellWidth - 1)} height={cellHeight - 1} fill-opacity={v === null ? 1 : 0.06 + 0.94 * strength(v)} />
                  {numbers && v !== null && (
                    <text class={`cell-number ${strength(v) > 0.55 ? 'on-strong' : ''}`} x={left + (c + 0.5) * cellWidth} y={(r + 0.5) * cellHeight + 4} text-anchor="middle">{formatNumber(v, { significant: 3 })}</text>
                  )}
                </g>
              ))}
            </g>
          ))}
          {f.categories.map((c, i) => i % every === 0 && (tilted
            ? <text key={i} class="tick" transform={`translate(${left + (i + 0.5) * cellWidth + 4} ${plot + 10}) rotate(-38)`} text-anchor="end">{shorten(c, 24)}</text>
            : <text key={i} class="tick" x={left + (i + 0.5) * cellWidth} y={plot + 15} text-anchor="middle">{c}</text>))}
        </svg>
      )}
      <p class="heat-key soft">
        {formatNumber(low)}
        <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          {Array.from({ length: 20 }, (_, i) => <rect key={i} class="cell" x={i * 5} y="0" width="5.2" height="10" fill-opacity={0.06 + (0.94 * i) / 19} />)}
        </svg>
        {formatNumber(high)} {unit}
      </p>
    </div>
  );
}

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

// Figures of a result, drawn by hand as SVG. Colour never carries a meaning alone: traces also
// differ by dash or mark, and every figure can be read as a table.
import { cellText, type FigureBlock, type TableBlock } from '../lib/result.ts';
import { formatNumber, quantityText } from '../lib/units.ts';
import { FlowDiagram } from './flow_diagram.tsx';
import { HeatChart } from './heat_chart.tsx';
import { XYChart } from './xy_chart.tsx';

export function FigureView({ figure: f }: { figure: FigureBlock }) {
  return (
    <figure class="figure-block">
      {f.title && <h3>{f.title}</h3>}
      {f.kind === 'sankey'
        ? <FlowDiagram flows={f.links} show={(v) => quantityText(v, f.valueUnit)} label={f.title || 'Sankey diagram'} height={Math.max(220, new Set(f.links.flatMap((l) => [l.from, l.to])).size * 34)} />
        : f.kind === 'heat' ? <HeatChart figure={f} /> : <XYChart figure={f} />}
      {f.caption && <figcaption class="soft">{f.caption}</figcaption>}
      {f.kind !== 'sankey' && <FigureData table={figureTable(f)} />}
    </figure>
  );
}

const dataRows = 200;

function FigureData({ table }: { table: TableBlock }) {
  if (table.rows.length === 0) return null;
  return (
    <details class="as-table">
      <summary>As a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Figure as a table">
        <table>
          <thead><tr>{table.columns.map((c, i) => <th key={i} scope="col" class={c.kind === 'number' ? 'n' : ''}>{c.name}</th>)}</tr></thead>
          <tbody>
            {table.rows.slice(0, dataRows).map((row, r) => (
              <tr key={r}>{row.map((cell, i) => <td key={i} class={table.columns[i]!.kind === 'number' ? 'n' : ''}>{cellText(cell, table.columns[i]!.kind)}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
      {table.rows.length > dataRows && <p class="soft">The first {dataRows} of {table.rows.length} rows.</p>}
    </details>
  );
}

/** The numbers behind a figure. */
export function figureTable(f: FigureBlock): TableBlock {
  const text = (name: string) => ({ name, kind: 'text' as const, unit: '', help: '' });
  const number = (name: string) => ({ name, kind: 'number' as const, unit: '', help: '' });
  const named = (axis: { label: string; unit: string }, fallback: string) => [axis.label || fallback, axis.unit && `[${axis.unit}]`].filter(Boolean).join(' ');
  const base = { type: 'table' as const, schema: '', title: '', caption: '' };
  if (f.kind === 'heat')
    return {
      ...base,
      columns: [text(f.y.label || ''), ...f.categories.map(number)],
      rows: f.cells.map((row, r) => [f.rowLabels[r] ?? String(r + 1), ...f.categories.map((_, c) => row[c] ?? null)]),
    };
  const many = f.traces.length > 1;
  const ranged = f.traces.some((t) => t.points.some((p) => p.low !== null));
  const x = (v: number) => (f.kind === 'bar' ? (f.categories[v] ?? formatNumber(v)) : f.x.time ? new Date(v * 1000).toISOString() : formatNumber(v, { significant: 6 }));
  return {
    ...base,
    columns: [...(many ? [text('trace')] : []), text(named(f.x, 'x')), number(named(f.y, 'y')), ...(ranged ? [number('low'), number('high')] : [])],
    rows: f.traces.flatMap((t) => t.points.map((p) => [...(many ? [t.name] : []), x(p.x), p.y, ...(ranged ? [p.low, p.high] : [])])),
  };
}

// A table of a result: sorted by a click on a head, taken away as CSV.
import { useMemo, useState } from 'preact/hooks';
import { cellText, columnUnits, tableCsv, type Cell, type TableBlock } from '../lib/result.ts';

const firstRows = 60;

export function compareCells(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1; // what is missing stands last
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a).localeCompare(String(b), 'en', { numeric: true });
}

export function TableView({ table: t }: { table: TableBlock }) {
  const [limit, setLimit] = useState(firstRows);
  const [sort, setSort] = useState<{ column: number; down: boolean } | null>(null);
  const rows = useMemo(() => {
    if (!sort) return t.rows;
    const sign = sort.down ? -1 : 1;
    return [...t.rows].sort((a, b) => {
      const [x, y] = [a[sort.column] ?? null, b[sort.column] ?? null];
      return x === null || y === null ? compareCells(x, y) : sign * compareCells(x, y);
    });
  }, [t, sort]);
  const units = useMemo(() => columnUnits(t), [t]);
  const numeric = (i: number) => t.columns[i]?.kind === 'number' || t.columns[i]?.kind === 'integer';
  const name = t.title || t.schema || 'Table';
  const save = () => {
    const url = URL.createObjectURL(new Blob([tableCsv(t)], { type: 'text/csv' }));
    const a = document.createElement('a');
    a.href = url;
    a.download = `${name.replace(/[^\w.-]+/g, '-').toLowerCase()}.csv`;
    a.click();
    URL.revokeObjectURL(url);
  };
  return (
    <figure class="table-block">
      <div class="head">
        <h3>{t.title || (t.schema ? <code class="soft">{t.schema}</code> : 'Table')}</h3>
        {t.rows.length > 0 && <button type="button" class="quiet" onClick={save}>CSV</button>}
      </div>
      {t.rows.length === 0 ? <p class="soft">No rows.</p> : (
        <div class="scroll" tabIndex={0} role="region" aria-label={name}>
          <table>
            <thead>
              <tr>
                {t.columns.map((c, i) => (
                  <th key={i} scope="col" class={numeric(i) ? 'n' : ''} title={c.help} aria-sort={sort?.column === i ? (sort.down ? 'descending' : 'ascending') : undefined}>
                    <button type="button" class="sort" onClick={() => setSort(sort?.column === i ? (sort.down ? null : { column: i, down: true }) : { column: i, down: false })}>
                      {c.name.replace(/_/g, ' ')}
                      {c.unit && <span class="soft"> {units[i]!.unit}</span>}
                      <span aria-hidden="true">{sort?.column === i ? (sort.down ? ' ↓' : ' ↑') : ''}</span>
                    </button>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, limit).map((row, r) => (
                <tr key={r}>
                  {row.map((cell, i) => <td key={i} class={numeric(i) ? 'n' : 'wrap'}>{cellText(cell, t.columns[i]!.kind, units[i]!.scale)}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {t.caption && <figcaption class="soft">{t.caption}</figcaption>}
      {rows.length > limit && (
        <p class="more"><button type="button" class="quiet" onClick={() => setLimit(limit + 500)}>Show more of {rows.length} rows</button></p>
      )}
    </figure>
  );
}

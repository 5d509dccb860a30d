// What a capability answered, block by block.
import { showMeasure } from '../lib/measure.ts';
import type { Block, EstimateBlock, Result } from '../lib/result.ts';
import { FigureView } from './figure_view.tsx';
import { MethodTag, Value, Whisker } from './measure_view.tsx';
import { TableView } from './table_view.tsx';

export function ResultView({ result: r }: { result: Result }) {
  return (
    <article class="card result" aria-labelledby="result-title">
      <h2 id="result-title">{r.title || 'Result'}</h2>
      {r.verdict && (
        <p class={`verdict ${r.verdict.holds ? 'holds' : 'fails'}`}>
          <strong>{r.verdict.holds ? 'Yes' : 'No'}</strong> {r.verdict.why}
        </p>
      )}
      {r.warnings.length > 0 && (
        <ul class="warnings" aria-label="Warnings">{r.warnings.map((w, i) => <li key={i}>{w}</li>)}</ul>
      )}
      {gathered(r.blocks).map((part, i) =>
        Array.isArray(part) ? <Estimates key={i} list={part} /> : <BlockView key={i} block={part} />,
      )}
      {r.blocks.length === 0 && !r.verdict && <p class="soft">The result is empty.</p>}
      {r.factors.length > 0 && (
        <details class="factors">
          <summary>{r.factors.length === 1 ? 'One factor used' : `${r.factors.length} factors used`}</summary>
          <div class="scroll" tabIndex={0} role="region" aria-label="Factors used">
            <table>
              <thead><tr><th scope="col">Factor</th><th scope="col">Value</th><th scope="col">Source</th><th scope="col">Valid</th><th scope="col">Licence</th></tr></thead>
              <tbody>
                {r.factors.map((f) => (
                  <tr key={f.id}>
                    <td><code>{f.id}</code><br /><span class="soft">{f.description}</span></td>
                    <td>{f.value}</td>
                    <td class="wrap">{f.source}</td>
                    <td>{f.valid}</td>
                    <td>{f.licence}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </article>
  );
}

/** Estimates that follow each other stand in one row of cards. */
function gathered(blocks: readonly Block[]): (Block | EstimateBlock[])[] {
  const out: (Block | EstimateBlock[])[] = [];
  for (const block of blocks) {
    const last = out[out.length - 1];
    if (block.type !== 'estimate') out.push(block);
    else if (Array.isArray(last)) last.push(block);
    else out.push([block]);
  }
  return out;
}

function Estimates({ list }: { list: EstimateBlock[] }) {
  return (
    <div class="estimates">
      {list.map((e, i) => (
        <div key={i} class="estimate">
          <h3>{e.label}</h3>
          <p class="big"><Value measure={e.measure} /></p>
          <Whisker measure={e.measure} />
          <p class="range soft">
            <span><Interval block={e} /></span>
            <MethodTag method={e.measure.method} />
          </p>
          {e.note && <p class="soft note">{e.note}</p>}
          {e.measure.sources.length > 0 && (
            <details class="sources">
              <summary>{e.measure.sources.length === 1 ? 'one source' : `${e.measure.sources.length} sources`}</summary>
              <ul>{e.measure.sources.map((s, k) => <li key={k}>{s}</li>)}</ul>
            </details>
          )}
        </div>
      ))}
    </div>
  );
}

function BlockView({ block }: { block: Block }) {
  switch (block.type) {
    case 'table': return <TableView table={block} />;
    case 'figure': return <FigureView figure={block} />;
    case 'note': return <p class="note-block">{block.text}</p>;
    case 'estimate': return null; // gathered above
  }
}

function Interval({ block }: { block: EstimateBlock }) {
  const shown = showMeasure(block.measure);
  return <>{shown?.interval ? `${shown.interval} ${shown.unit}` : ' '}</>;
}

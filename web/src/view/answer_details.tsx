// All that is known of one answer.
import type { Answer } from '../lib/answer.ts';
import { sentence } from '../lib/failure.ts';
import { showMeasure, type Measure } from '../lib/measure.ts';
import { formatCount, quantityText } from '../lib/units.ts';
import { MethodTag, Value } from './measure_view.tsx';

const finishes: Record<string, string> = { stop: 'its end', length: 'the limit of tokens' };

/** `link` leads to the page of the answer; on that page the sources lie open. */
export function AnswerDetails({ answer: a, link = false }: { answer: Answer; link?: boolean }) {
  const time = new Date(a.time);
  const perToken = a.energy?.value != null && a.energy.unit === 'J' && a.tokensOut ? a.energy.value / a.tokensOut : null;
  return (
    <div class="answer-details">
      {a.error && <p class="failure">{sentence(a.error)}</p>}
      <div class="measures">
        <MeasureDetail name="Energy" measure={a.energy} />
        <MeasureDetail name="Carbon" measure={a.carbon} />
        <MeasureDetail name="Water" measure={a.water} />
      </div>
      <dl>
        <Fact name="Answer" value={<code>{a.id}</code>} />
        <Fact name="Time" value={Number.isNaN(time.getTime()) ? a.time : time.toLocaleString()} />
        <Fact name="Model" value={a.model} />
        <Fact name="Upstream" value={a.upstream} />
        <Fact name="Device" value={a.device} />
        <Fact name="Place" value={a.place} />
        <Fact name="Status" value={<span class={`status ${a.status}`}>{a.status}</span>} />
        <Fact name="Finished by" value={finishes[a.finishReason] ?? a.finishReason} />
        <Fact name="Tokens" value={`${formatCount(a.tokensIn)} in, ${formatCount(a.tokensOut)} out${a.tokensEstimated ? ' (estimated)' : ''}`} />
        <Fact name="Latency" value={a.latencyMs === null ? '' : quantityText(a.latencyMs, 'ms', { significant: 3 })} />
        <Fact name="First token after" value={a.ttftMs === null ? '' : quantityText(a.ttftMs, 'ms', { significant: 3 })} />
        <Fact name="Energy per token out" value={perToken === null ? '' : `${a.energy?.method === 'modelled' ? '≈ ' : ''}${quantityText(perToken, 'J/token', { significant: 3 })}`} />
      </dl>
      <Sources answer={a} open={!link} />
      {link && (
        <p class="links">
          <a href={`#/answers/${encodeURIComponent(a.id)}`}>Page of this answer</a> ·{' '}
          <a href={`/api/v1/answers/${encodeURIComponent(a.id)}`}>as JSON</a>
        </p>
      )}
    </div>
  );
}

function Fact({ name, value }: { name: string; value: preact.ComponentChildren }) {
  if (value === '') return null;
  return <div><dt>{name}</dt><dd>{value}</dd></div>;
}

/** Each source once, with the figures that rest on it. */
function Sources({ answer: a, open }: { answer: Answer; open: boolean }) {
  const uses = new Map<string, string[]>();
  for (const [name, measure] of [['energy', a.energy], ['carbon', a.carbon], ['water', a.water]] as const)
    for (const s of measure?.sources ?? []) uses.set(s, [...(uses.get(s) ?? []), name]);
  if (uses.size === 0) return null;
  return (
    <details class="sources" open={open}>
      <summary>{uses.size === 1 ? 'The figures rest on one source' : `The figures rest on ${uses.size} sources`}</summary>
      <ul>{[...uses].map(([source, names]) => <li key={source}><span class="uses">{names.join(', ')}:</span> {source}</li>)}</ul>
    </details>
  );
}

function MeasureDetail({ name, measure }: { name: string; measure: Measure | null }) {
  if (!measure || measure.value === null) return <div><h3>{name}</h3><p class="soft">not known</p></div>;
  const interval = showMeasure(measure)?.interval;
  return (
    <div>
      <h3>{name} <MethodTag method={measure.method} /></h3>
      <p class="mid"><Value measure={measure} /></p>
      {interval && <p class="soft small">{interval} with 95 % confidence</p>}
    </div>
  );
}

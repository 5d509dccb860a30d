// All that is known of one answer.
import type { Answer } from '../lib/answer.ts';
import type { Measure } from '../lib/measure.ts';
import { formatCount, quantityText } from '../lib/units.ts';
import { MethodTag, Value } from './measure_view.tsx';

export function AnswerDetails({ answer: a, link = false }: { answer: Answer; link?: boolean }) {
  const time = new Date(a.time);
  const perToken = a.energy?.value != null && a.energy.unit === 'J' && a.tokensOut ? a.energy.value / a.tokensOut : null;
  return (
    <div class="answer-details">
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
        <Fact name="Place" value={a.place} />
        <Fact name="Finished" value={a.finishReason} />
        <Fact name="Tokens" value={`${formatCount(a.tokensIn)} in, ${formatCount(a.tokensOut)} out`} />
        <Fact name="Latency" value={a.latencyMs === null ? '' : quantityText(a.latencyMs, 'ms')} />
        <Fact name="First token after" value={a.ttftMs === null ? '' : quantityText(a.ttftMs, 'ms')} />
        <Fact name="Energy per token out" value={perToken === null ? '' : `${a.energy?.method === 'modelled' ? '≈ ' : ''}${quantityText(perToken, 'J/token', { significant: 3 })}`} />
      </dl>
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

function MeasureDetail({ name, measure }: { name: string; measure: Measure | null }) {
  if (!measure || measure.value === null) return <div><h3>{name}</h3><p class="soft">not known</p></div>;
  return (
    <div>
      <h3>{name} <MethodTag method={measure.method} /></h3>
      <p class="mid"><Value measure={measure} interval /></p>
      {measure.sources.length > 0 && (
        <details class="sources">
          <summary>{measure.sources.length === 1 ? 'one source' : `${measure.sources.length} sources`}</summary>
          <ul>{measure.sources.map((s, i) => <li key={i}>{s}</li>)}</ul>
        </details>
      )}
    </div>
  );
}

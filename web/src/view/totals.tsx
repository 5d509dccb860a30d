// What the answers came to.
import type { Line } from '../lib/answer.ts';
import type { Measure } from '../lib/measure.ts';
import { showMeasure } from '../lib/measure.ts';
import { formatCount } from '../lib/units.ts';
import { MethodTag, Value, Whisker } from './measure_view.tsx';

interface Props {
  line: Line | null;
  each: Measure | null;
  eachOf: string;
}

export function Totals({ line, each, eachOf }: Props) {
  return (
    <section class="totals" aria-label="Totals">
      <Total name="Energy" kind="energy" measure={line?.energy ?? null} note="of the devices" />
      <Total name="Carbon" kind="carbon" measure={line?.carbon ?? null} note="with the site’s overhead" />
      <Total name="Water" kind="water" measure={line?.water ?? null} note="on site and of the electricity" />
      <Total name="Energy per token" kind="token" measure={each} note={eachOf} />
      <div class="total answers">
        <h2>Answers</h2>
        <p class="big"><span class="value measured"><span class="figure">{formatCount(line ? line.answers : null)}</span></span></p>
        <p class="note soft">counted</p>
      </div>
    </section>
  );
}

function Total({ name, kind, measure, note }: { name: string; kind: string; measure: Measure | null; note?: string }) {
  const shown = showMeasure(measure);
  return (
    <div class={`total ${kind}`}>
      <h2>{name}</h2>
      <p class="big"><Value measure={measure} /></p>
      <Whisker measure={measure} />
      <p class="range soft">
        <span title={shown?.interval ? `95 % interval, in ${shown.unit}` : undefined}>{shown?.interval || ' '}</span>
        {shown && <MethodTag method={shown.method} />}
      </p>
      {note && <p class="note soft">{note}</p>}
    </div>
  );
}

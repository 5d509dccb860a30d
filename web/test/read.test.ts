// What the server sends is not trusted: whatever is missing or odd, the page still stands.
import assert from 'node:assert/strict';
import test from 'node:test';
import { mergeAnswers, readAnswer, readAnswers, readLine, readStatus } from '../src/lib/answer.ts';
import { commandLine, fillForm, readCapabilities } from '../src/lib/capability.ts';
import { readCost } from '../src/lib/chat.ts';
import { failureFrom } from '../src/lib/failure.ts';
import { addMeasures, perToken, readMeasure, showMeasure } from '../src/lib/measure.ts';
import { cellText, columnUnits, readResult, tableCsv, type TableBlock } from '../src/lib/result.ts';

const odd: unknown[] = [null, undefined, 0, 'x', [], {}, [null], { answers: 3 }, { links: [1] }, { columns: [{}], rows: [[1, 2]] }];

test('odd JSON becomes plain defaults', () => {
  for (const json of odd) {
    assert.doesNotThrow(() => {
      readAnswer(json);
      readAnswers(json);
      readLine(json);
      readStatus(json);
      readResult({ blocks: [json, { type: 'table', ...(json as object) }, { type: 'figure', figure: json }] });
      readCapabilities(json);
      readCost(json);
      readMeasure(json);
    });
  }
});

test('nothing looks better known than it is', () => {
  assert.equal(readMeasure({ value: 1, unit: 'J' })?.method, 'modelled');
  assert.equal(readMeasure({ value: 1, unit: 'J', method: 'guessed' })?.method, 'modelled');
  const sum = addMeasures([
    readMeasure({ value: 1, low: 0.5, high: 2, unit: 'J', method: 'measured' }),
    readMeasure({ value: 2, low: 1, high: 4, unit: 'J', method: 'modelled' }),
  ]);
  assert.deepEqual([sum?.value, sum?.low, sum?.high, sum?.method], [3, 1.5, 6, 'modelled']);
  assert.match(showMeasure(sum)!.text, /^about 3\.00 J, between 1\.5 and 6\.0 with 95 % confidence, modelled$/);
  assert.equal(perToken(sum, 0), null);
  assert.equal(perToken(sum, 3)?.value, 1);
});

test('answers are merged newest first, each once, the later record winning', () => {
  const a = readAnswer({ id: 'a', time: '2026-01-01T00:00:00Z', status: 'error' })!;
  const b = readAnswer({ id: 'b', time: '2026-01-01T00:00:01Z' })!;
  const again = readAnswer({ id: 'a', time: '2026-01-01T00:00:02Z', status: 'ok' })!;
  assert.deepEqual(mergeAnswers([b, a], [again], 10).map((x) => [x.id, x.status]), [['a', 'ok'], ['b', 'error']]);
  assert.equal(mergeAnswers([b, a], [], 1).length, 1);
});

const green = readCapabilities({
  capabilities: [{
    room: 'ledger', name: 'green-algorithms', cost: 'instant', doors: 'all',
    fields: [
      { name: 'runtime', kind: 'quantity', unit: 'h', required: true },
      { name: 'cores', kind: 'integer', minimum: 1, maximum: 64, default: 1 },
      { name: 'old', kind: 'flag', default: false },
      { name: 'label', kind: 'list', default: [] },
    ],
  }],
})[0]!;

test('a form becomes a body and the same command line', () => {
  const { body, problems } = fillForm(green.fields, { runtime: '12 h', cores: '4', old: true, label: 'a=b\n\nc d=e' });
  assert.deepEqual(problems, []);
  assert.deepEqual(body, { runtime: '12 h', cores: 4, old: true, label: ['a=b', 'c d=e'] });
  assert.equal(commandLine(green, body), "wattline ledger green-algorithms --runtime '12 h' --cores 4 --old --label a=b --label 'c d=e'");
});

test('what cannot be right is told at its field', () => {
  for (const [input, field] of [
    [{}, 'runtime'], [{ runtime: 'long' }, 'runtime'], [{ runtime: '1', cores: '1.5' }, 'cores'],
    [{ runtime: '1', cores: '65' }, 'cores'], [{ runtime: '1', cores: '1e999' }, 'cores'],
  ] as const)
    assert.deepEqual(fillForm(green.fields, input).problems.map((p) => p.field), [field], JSON.stringify(input));
});

test('every error shape is told in words', () => {
  assert.equal(failureFrom(404, '{"error":{"message":"no such model"}}').message, 'No such model.');
  assert.equal(failureFrom(502, '<html>').message, 'The model behind the gateway could not be reached.');
  assert.equal(failureFrom(418, '').message, 'The server answered with status 418.');
  assert.equal(failureFrom(400, '{"error":"bad"}').message, 'Bad.');
});

test('a table as CSV runs no formula in a spreadsheet', () => {
  const table = readResult({
    blocks: [{ type: 'table', table: { columns: [{ name: 'a' }, { name: 'e', kind: 'number', unit: 'J' }], rows: [['=1+1', -2], ['x,"y"', null]] } }],
  }).blocks[0] as TableBlock;
  assert.equal(tableCsv(table), 'a,e [J]\r\n\'=1+1,-2\r\n"x,""y""",\r\n');
});

test('a table is shown in units that can be read, a value and its interval in the same', () => {
  const numbers = (names: string[], unit: string) => names.map((name) => ({ name, kind: 'number', unit }));
  const table = readResult({
    blocks: [{ type: 'table', table: { columns: [...numbers(['energy', 'low'], 'Wh'), ...numbers(['power'], 'W'), ...numbers(['odd'], 'furlong')], rows: [[14.7606e-6, 7.7e-7, 495.995, 1e-9], [null, 0, 700, null]] } }],
  }).blocks[0] as TableBlock;
  const units = columnUnits(table);
  assert.deepEqual(units.map((u) => u.unit), ['mJ', 'mJ', 'W', 'furlong']);
  assert.deepEqual(table.rows[0]!.map((c, i) => cellText(c, 'number', units[i]!.scale)), ['53.14', '2.772', '496', '1×10⁻⁹']);
  assert.equal(tableCsv(table).split('\r\n')[1], '0.0000147606,7.7e-7,495.995,1e-9'); // taken away as they came
});

test('the ends of an interval are not told better than they are known', () => {
  assert.equal(showMeasure(readMeasure({ value: 448, low: 62.3, high: 1578, unit: 'uJ', method: 'modelled' }))?.interval, '62 – 1600');
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { formatCount, formatNumber, knownUnit, prettyUnit, quantityText, unitFor } from '../src/lib/units.ts';

const nbsp = '\u00a0';

test('a value is shown with the prefix that reads best', () => {
  assert.equal(quantityText(0.00032, 'J'), `320${nbsp}µJ`);
  assert.equal(quantityText(5000, 'J'), `5${nbsp}kJ`);
  assert.equal(quantityText(5.4e6, 'J'), `1.5${nbsp}kWh`);
  assert.equal(quantityText(0.25, 'mgCO2e'), `250${nbsp}µg CO₂e`);
  assert.equal(quantityText(1500, 'mL'), `1.5${nbsp}L`);
  assert.equal(quantityText(0.9994, 'kW'), `999.4${nbsp}W`);
});

test('what is no number is a dash, never NaN', () => {
  for (const v of [null, undefined, NaN, Infinity, -Infinity]) assert.equal(quantityText(v, 'J'), '–');
  assert.equal(formatNumber(NaN), '–');
  assert.equal(formatCount(undefined), '–');
});

test('significant digits hold over a carry, and zeros are kept when asked', () => {
  assert.equal(formatNumber(9.996, { significant: 3, keepZeros: true }), '10.0');
  assert.equal(formatNumber(1.2, { significant: 3, keepZeros: true }), '1.20');
  assert.equal(formatNumber(1.2, { significant: 3 }), '1.2');
  assert.equal(formatNumber(-0.5), '−0.5');
  assert.equal(formatNumber(1e15), '1×10¹⁵');
  assert.equal(formatNumber(2.5e-8), '2.5×10⁻⁸');
  assert.equal(formatNumber(1234567), '1\u202f234\u202f567');
});

test('units nobody knows pass through unscaled', () => {
  assert.equal(knownUnit('furlong'), undefined);
  assert.deepEqual(unitFor(12, 'furlong'), { unit: 'furlong', scale: 1 });
  assert.equal(prettyUnit('gCO2e/kWh'), 'g CO₂e/kWh');
});

test('every rung of a ladder returns the same quantity', () => {
  for (let e = -8; e <= 13; ++e) {
    const value = 3.7 * 10 ** e;
    const { unit, scale } = unitFor(value, 'J');
    const back = knownUnit(unit.replace('µ', 'u'));
    assert.ok(back, unit);
    assert.ok(Math.abs((value * scale * back.factor) / value - 1) < 1e-12, `${value} J as ${unit}`);
  }
});

// Numbers for people: a value in any unit the server sends, shown with the prefix that reads best.
// The same ladder as the command line prints by, with Wh between kJ and kWh.

const narrow = '\u202f'; // narrow no-break space: groups digits without breaking a line

interface Step {
  symbol: string;
  factor: number; // base units in one of it
}

/** A ladder of units of one kind, smallest first; `base` is the unit of factor 1. */
const ladders: Record<string, readonly Step[]> = {
  J: [
    { symbol: 'nJ', factor: 1e-9 },
    { symbol: 'µJ', factor: 1e-6 },
    { symbol: 'mJ', factor: 1e-3 },
    { symbol: 'J', factor: 1 },
    { symbol: 'kJ', factor: 1e3 },
    { symbol: 'Wh', factor: 3600 },
    { symbol: 'kWh', factor: 3.6e6 },
    { symbol: 'MWh', factor: 3.6e9 },
    { symbol: 'GWh', factor: 3.6e12 },
  ],
  gCO2e: [
    { symbol: 'ng CO₂e', factor: 1e-9 },
    { symbol: 'µg CO₂e', factor: 1e-6 },
    { symbol: 'mg CO₂e', factor: 1e-3 },
    { symbol: 'g CO₂e', factor: 1 },
    { symbol: 'kg CO₂e', factor: 1e3 },
    { symbol: 't CO₂e', factor: 1e6 },
  ],
  L: [
    { symbol: 'nL', factor: 1e-9 },
    { symbol: 'µL', factor: 1e-6 },
    { symbol: 'mL', factor: 1e-3 },
    { symbol: 'L', factor: 1 },
    { symbol: 'm³', factor: 1e3 },
  ],
  W: [
    { symbol: 'µW', factor: 1e-6 },
    { symbol: 'mW', factor: 1e-3 },
    { symbol: 'W', factor: 1 },
    { symbol: 'kW', factor: 1e3 },
    { symbol: 'MW', factor: 1e6 },
  ],
  s: [
    { symbol: 'ns', factor: 1e-9 },
    { symbol: 'µs', factor: 1e-6 },
    { symbol: 'ms', factor: 1e-3 },
    { symbol: 's', factor: 1 },
    { symbol: 'min', factor: 60 },
    { symbol: 'h', factor: 3600 },
    { symbol: 'days', factor: 86400 },
  ],
  g: [
    { symbol: 'µg', factor: 1e-6 },
    { symbol: 'mg', factor: 1e-3 },
    { symbol: 'g', factor: 1 },
    { symbol: 'kg', factor: 1e3 },
    { symbol: 't', factor: 1e6 },
  ],
  B: [
    { symbol: 'B', factor: 1 },
    { symbol: 'kB', factor: 1e3 },
    { symbol: 'MB', factor: 1e6 },
    { symbol: 'GB', factor: 1e9 },
    { symbol: 'TB', factor: 1e12 },
  ],
  'J/token': [
    { symbol: 'nJ/token', factor: 1e-9 },
    { symbol: 'µJ/token', factor: 1e-6 },
    { symbol: 'mJ/token', factor: 1e-3 },
    { symbol: 'J/token', factor: 1 },
    { symbol: 'kJ/token', factor: 1e3 },
  ],
};

/** Up to here a smaller unit is kept although a larger would be over 1: 5 kJ, not 1.39 Wh. */
const keepBelow: Record<string, number> = { Wh: 36_000, min: 120, h: 7200, days: 172_800 };

const prefixes: Record<string, number> = {
  n: 1e-9, u: 1e-6, 'µ': 1e-6, 'μ': 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12,
};
const atoms: Record<string, { base: string; factor: number }> = {
  J: { base: 'J', factor: 1 },
  Wh: { base: 'J', factor: 3600 },
  W: { base: 'W', factor: 1 },
  gCO2e: { base: 'gCO2e', factor: 1 },
  tCO2e: { base: 'gCO2e', factor: 1e6 },
  L: { base: 'L', factor: 1 },
  s: { base: 's', factor: 1 },
  g: { base: 'g', factor: 1 },
  B: { base: 'B', factor: 1 },
  'J/token': { base: 'J/token', factor: 1 },
};
const plainUnits: Record<string, { base: string; factor: number }> = {
  ...atoms,
  min: { base: 's', factor: 60 },
  h: { base: 's', factor: 3600 },
  day: { base: 's', factor: 86400 },
  m3: { base: 'L', factor: 1e3 },
};

export interface KnownUnit {
  base: string; // key of a ladder
  factor: number; // base units in one of it
}

/** What a unit code measures, when the page knows how to rescale it. */
export function knownUnit(code: string): KnownUnit | undefined {
  const plain = plainUnits[code];
  if (plain) return plain;
  const prefix = prefixes[code.charAt(0)];
  const atom = atoms[code.slice(1)];
  if (prefix === undefined || !atom) return undefined;
  return { base: atom.base, factor: atom.factor * prefix };
}

/** A unit code as it is set for reading: "gCO2e/kWh" becomes "g CO₂e/kWh". */
export function prettyUnit(code: string): string {
  return code
    .replace(/CO2eq?/g, ' CO₂e')
    .replace(/^(\S?)\s+/, (all, first: string) => (first ? `${first} ` : all.trim()))
    .replace(/m3\b/g, 'm³')
    .replace(/m2\b/g, 'm²')
    .replace(/\bu(?=[JWLgs]\b)/g, 'µ');
}

export function superscript(exponent: number): string {
  const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
  return (exponent < 0 ? '⁻' : '') + [...String(Math.abs(exponent))].map((d) => digits[Number(d)]).join('');
}

function grouped(digits: string): string {
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, narrow);
}

export interface NumberStyle {
  significant?: number;
  /** Keep the zeros that show how well a number is known: "1.20". */
  keepZeros?: boolean;
}

/** A plain number; "–" when there is none. */
export function formatNumber(value: number | null | undefined, style: NumberStyle = {}): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const significant = style.significant ?? 4;
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  if (magnitude >= 12 || magnitude < -6) {
    const [mantissa = '', exponent = '0'] = value.toExponential(significant - 1).split('e');
    const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
    return `${short.replace('-', '−')}×10${superscript(Number(exponent))}`;
  }
  let text = value.toFixed(Math.max(0, significant - 1 - magnitude));
  // 9.996 to three digits is 10.00: one digit more than asked for.
  if (Math.abs(Number(text)) >= 10 ** (magnitude + 1)) text = value.toFixed(Math.max(0, significant - 2 - magnitude));
  if (!style.keepZeros && text.includes('.')) text = text.replace(/\.?0+$/, '');
  const [whole = '', fraction] = text.replace('-', '').split('.');
  return (value < 0 ? '−' : '') + grouped(whole) + (fraction ? `.${fraction}` : '');
}

export interface Shown {
  number: string;
  unit: string;
}

/** The unit that suits `value`, as a function that shows any number of the given unit in it. */
export function unitFor(value: number, code: string): { unit: string; scale: number } {
  const known = knownUnit(code);
  const ladder = known && ladders[known.base];
  if (!known || !ladder) return { unit: prettyUnit(code), scale: 1 };
  const size = Math.abs(value * known.factor);
  let best: Step = ladder.find((s) => s.factor === 1) ?? ladder[0]!;
  if (size > 0 && Number.isFinite(size)) {
    best = ladder[0]!;
    for (const step of ladder)
      if (size >= Math.max(step.factor * 0.9995, keepBelow[step.symbol] ?? 0)) best = step;
  }
  return { unit: best.symbol, scale: known.factor / best.factor };
}

export function formatQuantity(
  value: number | null | undefined,
  code: string,
  style: NumberStyle = {},
): Shown {
  if (value === null || value === undefined || !Number.isFinite(value)) return { number: '–', unit: '' };
  const { unit, scale } = unitFor(value, code);
  return { number: formatNumber(value * scale, style), unit };
}

export function quantityText(value: number | null | undefined, code: string, style: NumberStyle = {}): string {
  const { number, unit } = formatQuantity(value, code, style);
  return unit ? `${number}\u00a0${unit}` : number;
}

export function formatCount(value: number | null | undefined): string {
  return value === null || value === undefined || !Number.isFinite(value)
    ? '–'
    : (value < 0 ? '−' : '') + grouped(String(Math.round(Math.abs(value))));
}

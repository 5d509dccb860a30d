// All tests of the page: types, units in Node, and, where the program and a browser are named by
// WATTLINE_BIN and CHROMIUM, the page in that browser against the real gateway.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const run = (program, words) => {
  const { status } = spawnSync(program, words, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

run(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit']);
const files = readdirSync(join(root, 'test')).filter((f) => f.endsWith('.test.ts')).map((f) => `test/${f}`);
const browser = process.env.WATTLINE_BIN && process.env.CHROMIUM;
if (!browser) console.log('skipped: the page in a browser (WATTLINE_BIN or CHROMIUM is not set)');
run(process.execPath, [
  '--test', '--test-reporter=spec', '--test-timeout=600000', '--disable-warning=ExperimentalWarning',
  ...files.filter((f) => browser || !f.includes('browser')),
]);

// Real clients against the real gateway, which is named by WATTLINE_BIN. Types are checked with the page's compiler,
// where it is installed: that the clients' own types fit is a part of "unchanged".
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const run = (program, words) => {
  const { status } = spawnSync(program, words, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

if (!process.env.WATTLINE_BIN) {
  console.error('WATTLINE_BIN must name the program: WATTLINE_BIN=$PWD/../build/release/wattline npm test');
  process.exit(2);
}
const compiler = join(root, '../web/node_modules/typescript/bin/tsc');
if (existsSync(compiler)) run(process.execPath, [compiler, '--noEmit']);
else console.log('skipped: types (the packages of web/ are not installed)');
const files = readdirSync(join(root, 'test')).filter((f) => f.endsWith('.test.ts')).map((f) => `test/${f}`);
run(process.execPath, ['--test', '--test-reporter=spec', '--test-timeout=120000', '--disable-warning=ExperimentalWarning', ...files]);

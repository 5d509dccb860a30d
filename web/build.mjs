// Builds the page to web/dist: index.html, app.js, app.css, favicon.svg. Names are fixed, so that
// the list of files embedded in the program does not change; the query in index.html is the hash of
// the content, so that a browser never mixes two versions.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const gzipLimit = 60_000;
const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, 'dist');
const fresh = join(root, 'node_modules/.dist'); // swapped in whole: no half-built folder is embedded

await mkdir(fresh, { recursive: true });
try {
  const { metafile } = await build({
    metafile: true,
    absWorkingDir: root,
    entryPoints: { app: 'src/main.tsx' },
    outdir: fresh,
    bundle: true,
    minify: true,
    format: 'esm',
    target: ['chrome109', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });

  const hash = async (name) =>
    createHash('sha256').update(await readFile(join(fresh, name))).digest('hex').slice(0, 10);
  const html = await readFile(join(root, 'src/index.html'), 'utf8');
  await writeFile(
    join(fresh, 'index.html'),
    html.replace('app.css', `app.css?${await hash('app.css')}`).replace('app.js', `app.js?${await hash('app.js')}`),
  );
  await cp(join(root, 'src/favicon.svg'), join(fresh, 'favicon.svg'));

  const packageOf = (input) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];
  const bundled = [...new Set(Object.keys(metafile.inputs).map(packageOf).filter(Boolean))].sort();
  const licences = await Promise.all(
    bundled.map(async (name) => `${name}\n\n${await readFile(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`),
  );
  await writeFile(join(fresh, 'licences.txt'), `The page of Wattline contains these packages.\n\n${licences.join('\n\n')}`);

  let total = 0;
  for (const name of ['index.html', 'app.js', 'app.css', 'favicon.svg', 'licences.txt']) {
    const bytes = await readFile(join(fresh, name));
    const gzip = gzipSync(bytes, { level: 9 }).length;
    total += gzip;
    console.log(`web/dist/${name.padEnd(12)} ${String(bytes.length).padStart(7)} B  ${String(gzip).padStart(6)} B gzip`);
  }
  console.log(`web/dist total ${total} B gzip (limit ${gzipLimit})`);
  if (total > gzipLimit) throw new Error(`the page is ${total} B gzipped, over its limit of ${gzipLimit} B`);

  await rm(dist, { recursive: true, force: true });
  await rename(fresh, dist);
} finally {
  await rm(fresh, { recursive: true, force: true });
}

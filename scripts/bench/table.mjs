// How figures become a table, and where a table is kept.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';

export const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The machine in a few words. */
export const machine = () =>
  `${os.cpus().length} x ${os.cpus()[0]?.model.trim() ?? 'unknown processor'}, Node ${process.version}, ${execFileSync('openssl', ['version'], { encoding: 'utf8' }).split(' ').slice(0, 2).join(' ')}`;

/** Puts what was measured into docs/performance.md, between the marks `<!-- NAME -->` and `<!-- end of NAME -->`. */
export function writeMeasured(name, measured) {
  const file = 'docs/performance.md';
  const [start, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->`];
  const page = readFileSync(file, 'utf8');
  const from = page.indexOf(start) + start.length;
  writeFileSync(file, `${page.slice(0, from)}\n${measured}\n${page.slice(page.indexOf(end))}`);
  execFileSync('npx', ['--no-install', 'prettier', '--write', file], { stdio: 'ignore' });
}

/** 12,345 */
export const rate = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');

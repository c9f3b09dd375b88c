// What the machine itself can do: OpenSSL's P-256 signatures, in CPU microseconds (openssl speed counts CPU time).
import { execFileSync } from 'node:child_process';

/** @returns {{ sign: number, verify: number, both: number }} microseconds */
export function measureFloor(seconds = 2) {
  const output = execFileSync('openssl', ['speed', '-mr', '-seconds', String(seconds), 'ecdsap256'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // +F4:<index>:<bits>:<sign seconds or rate>:<verify ...>; OpenSSL 3 prints rates a second.
  const line = output.split('\n').find((one) => one.startsWith('+F4:') && one.split(':')[2] === '256');
  if (line === undefined) throw new Error('openssl speed said nothing of P-256');
  const [sign, verify] = line
    .split(':')
    .slice(3)
    .map(Number)
    .map((value) => (value > 1 ? 1e6 / value : value * 1e6));
  return { sign, verify, both: sign + verify };
}

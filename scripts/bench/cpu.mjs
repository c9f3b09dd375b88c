// What the processes of a benchmark have cost so far, from /proc, which counts ticks of 10 ms.
import { readdirSync, readFileSync } from 'node:fs';

/** CPU microseconds so far of the three that share this machine: the service, PostgreSQL, and what drives them. */
export function cpuOfAll(servicePid) {
  const { data } = JSON.parse(process.env.TEST_DATABASE_CONTROL);
  const postmaster = Number(readFileSync(`${data}/postmaster.pid`, 'utf8').split('\n')[0]);
  const database = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processTimes(name))
    .filter((one) => one?.pid === postmaster || one?.parent === postmaster);
  const { user, system } = process.cpuUsage();
  return {
    service: processTimes(servicePid).cpu,
    database: database.reduce((sum, one) => sum + one.cpu, 0),
    driver: user + system,
  };
}

/** `undefined` for a process that has ended. */
function processTimes(pid) {
  let text;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ');
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    cpu: (Number(fields[11]) + Number(fields[12])) * 10_000,
  };
}

// What the processes of a benchmark have cost so far, from /proc, which counts ticks of 10 ms.
import { readdirSync, readFileSync } from 'node:fs';

/** CPU microseconds so far of the three that share this machine: the service, PostgreSQL, and what drives them. */
export function cpuOfAll(...servicePids) {
  const { user, system } = process.cpuUsage();
  return { service: cpuOfProcesses(servicePids), database: cpuOfDatabase(), driver: user + system };
}

/** CPU microseconds so far of some processes. */
export function cpuOfProcesses(pids) {
  return pids.reduce((sum, pid) => sum + processTimes(pid).cpu, 0);
}

/** CPU microseconds so far of every process of the benchmark's PostgreSQL, ended ones too; 0 where there is none. */
export function cpuOfDatabase() {
  const control = process.env.TEST_DATABASE_CONTROL;
  if (control === undefined) return 0;
  const { data } = JSON.parse(control);
  const postmaster = Number(readFileSync(`${data}/postmaster.pid`, 'utf8').split('\n')[0]);
  const ended = processTimes(postmaster)?.ofEnded ?? 0;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processTimes(name))
    .filter((one) => one?.pid === postmaster || one?.parent === postmaster)
    .reduce((sum, one) => sum + one.cpu, ended);
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
    /** Of its children that have ended. */
    ofEnded: (Number(fields[13]) + Number(fields[14])) * 10_000,
  };
}

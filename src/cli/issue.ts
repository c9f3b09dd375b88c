import path from 'node:path';
import type { Command } from 'commander';
import { CATEGORIES, PURPOSES } from '../domain/category.ts';
import { CHANNELS } from '../domain/certificate-request.ts';
import { Fault } from '../domain/fault.ts';
import { clientOf, type ApiClient, type ApiOptions } from './api-client.ts';
import { explainFault } from './fault-text.ts';
import { print, type OutputOptions } from './output.ts';
import { MOST, readText } from './read-file.ts';
import { makeFolder, requireNew, writeNew } from './write-new.ts';

/** issue: CSR files in, certificate files out, over the API of a running service. */
export function issueCommand(tcs: Command): void {
  tcs
    .command('issue')
    .argument('<csr...>', 'CSR files, PEM or Base64; one certificate each')
    .description('issue certificates: files in, files out')
    .requiredOption('--url <url>', 'the running service, e.g. http://127.0.0.1:8080')
    .requiredOption('--token-file <file>', 'file that holds the token; - for standard input')
    .requiredOption('--category <category>', CATEGORIES.join(', '))
    .requiredOption('--purpose <purpose>', PURPOSES.join(', '))
    .option('--environment <environment>', 'test environment, e.g. UIT_A')
    .option('--profile <profile>', 'profile by name; see tcs profiles')
    .option('--device-type <type>', 'ESME, GSME, ...')
    .option('--channel <channel>', `over which they go out: ${CHANNELS.join(', ')}; INTERNET without it`)
    .option('--replacement', 'for a device that has certificates already; refused when it has none')
    .option('--on-behalf-of <signifier>', 'for operators of the DCC')
    .option(
      '--out <folder>',
      'where <name>.crt.pem and <name>.chain.pem are written, neither being there',
      '.',
    )
    .option('--json', 'one JSON value: the certificates and the refusals')
    .addHelpText(
      'after',
      '\nExample:\n  $ tcs issue meter1.csr --url http://127.0.0.1:8080 --token-file token.txt \\\n      --category DEVICE --purpose DEVICE_AND_USER_SYSTEM_TESTS --out certs',
    )
    .action(async (files: readonly string[], options: IssueOptions) => {
      const client = clientOf(options);
      // What was issued is on record: no file may stand in its way then.
      requireNew(files.flatMap((file) => Object.values(filesOf(file, options))));
      makeFolder(options.out);
      const outcomes: Outcome[] = [];
      for (const file of files) outcomes.push(await issueFile(file, client, options));
      print(options, outcomes.map(plain), () => outcomes.map(line).join('\n'));
      const [refused] = outcomes.flatMap((one) => (one.fault ? [one.fault] : []));
      if (refused !== undefined)
        throw new Fault(
          refused.code,
          `${String(outcomes.filter((one) => one.fault).length)} of ${String(files.length)} were not issued, or not written.`,
        );
    });
}

interface IssueOptions extends OutputOptions, ApiOptions {
  readonly category: string;
  readonly purpose: string;
  readonly environment?: string;
  readonly profile?: string;
  readonly deviceType?: string;
  readonly channel?: string;
  readonly replacement?: true;
  readonly onBehalfOf?: string;
  readonly out: string;
}

interface Outcome {
  readonly file: string;
  readonly serialNumber?: string;
  readonly written?: string;
  readonly fault?: Fault;
}

async function issueFile(file: string, client: ApiClient, options: IssueOptions): Promise<Outcome> {
  const { category, purpose, environment, profile, deviceType, channel, replacement, onBehalfOf } = options;
  const asked = { purpose, environment, profile, deviceType, channel, replacement, onBehalfOf };
  const to = filesOf(file, options);
  let certificate: Certificate | undefined;
  try {
    certificate = (await client.post('/v1/certificates', {
      category: category.toUpperCase(),
      ...asked,
      csr: readText(file, MOST.one),
    })) as Certificate;
    await writeText(to.certificate, certificate.certificate);
    await writeText(to.chain, [certificate.certificate, ...certificate.chain].join(''));
    return { file, serialNumber: certificate.serialNumber, written: to.certificate };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const issued = certificate === undefined ? {} : { serialNumber: certificate.serialNumber };
    return { file, ...issued, fault: error };
  }
}

/** Where the certificate of a CSR goes, and its chain. */
function filesOf(file: string, { out }: Pick<IssueOptions, 'out'>) {
  const stem = path.join(out, path.basename(file).replace(/\.(csr|pem|req)$/i, ''));
  return { certificate: `${stem}.crt.pem`, chain: `${stem}.chain.pem` };
}

/** Certificates are no secret. */
const writeText = (out: string, text: string) =>
  writeNew({ out, mode: 0o666 }, (file) => file.writeFile(text));

interface Certificate {
  readonly serialNumber: string;
  readonly certificate: string;
  readonly chain: readonly string[];
}

const line = ({ file, serialNumber, written, fault }: Outcome) =>
  fault
    ? `${file}: ${serialNumber === undefined ? 'not issued.' : `issued as ${serialNumber}, not written.`} ${explainFault(fault)}`
    : `${file}: ${serialNumber ?? ''} -> ${written ?? ''}`;

const plain = ({ fault, ...outcome }: Outcome) =>
  fault
    ? { ...outcome, fault: { code: fault.code, detail: fault.message, reasons: fault.reasons } }
    : outcome;

// What scripts over openssl do today: `openssl ca` over the same CSRs, to compare with.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** `openssl ca -batch -infiles` over the same CSRs. @returns certificates a second */
export function opensslCa(some) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tcs-openssl-ca-'));
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  mkdirSync(path.join(folder, 'new'));
  writeFileSync(path.join(folder, 'index'), '');
  writeFileSync(path.join(folder, 'serial'), '1000\n');
  writeFileSync(
    path.join(folder, 'ca.cnf'),
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index\nserial=serial\nnew_certs_dir=new\ncertificate=ca.crt\nprivate_key=ca.key\ndefault_md=sha256\ndefault_days=3650\nunique_subject=no\npolicy=any\ncopy_extensions=copy\nx509_extensions=none\n[any]\ncommonName=optional\n[none]\n[req]\ndistinguished_name=dn\n[dn]\n',
  );
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=bench',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  );
  const files = some.map((csr, place) => {
    const name = `${place}.csr`;
    const lines = csr.match(/.{1,64}/g).join('\n');
    writeFileSync(
      path.join(folder, name),
      `-----BEGIN CERTIFICATE REQUEST-----\n${lines}\n-----END CERTIFICATE REQUEST-----\n`,
    );
    return name;
  });
  const begun = performance.now();
  openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-subj', '/CN=bench', '-infiles', ...files);
  const seconds = (performance.now() - begun) / 1000;
  rmSync(folder, { recursive: true });
  return some.length / seconds;
}

import { readKeyUsage } from '../x509/extensions.ts';
import { KEY_USAGE } from '../x509/oids.ts';
import { whenPresent } from './rule.ts';

/** A key of the SMKI signs or agrees keys, never both. */
export const oneKeyUsage = whenPresent(KEY_USAGE, ({ value }) => {
  const usages = readKeyUsage(value).join(' ');
  return usages === 'digitalSignature' || usages === 'keyAgreement'
    ? undefined
    : 'keyUsage is not exactly one of digitalSignature and keyAgreement';
});

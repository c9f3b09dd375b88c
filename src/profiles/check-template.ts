import type { Category } from '../domain/category.ts';
import { isPrintable } from '../x509/name.ts';
import type { AuthorityTemplate, Profile, SubjectLine } from './profile.ts';

/** What is wrong with one template, and in which of its fields. */
export interface TemplateFault {
  readonly path: readonly (string | number)[];
  readonly detail: string;
}

/** What a schema cannot say of a profile: that every certificate of its category can be filled into it. */
export function checkProfile(profile: Profile): TemplateFault[] {
  const { category, extensions, roles, keyUsage } = profile;
  const faults = profile.subject.flatMap((line, place) => checkSubjectLine(line, place, category));
  const fault = (path: TemplateFault['path'], detail: string) => faults.push({ path, detail });
  if (roles !== undefined && category !== 'ORGANISATION')
    fault(['roles'], 'only Organisation Certificates have a role');
  const usages = extensions.flatMap((line) => (line.extension === 'keyUsage' ? line.bits : []));
  if (!usages.includes(keyUsage)) fault(['keyUsage'], `the extension keyUsage does not hold ${keyUsage}`);
  extensions.forEach((line, place) => {
    if (line.extension === 'basicConstraints')
      fault(['extensions', place], 'basicConstraints has no place in an end-entity certificate');
    if (line.extension !== 'subjectAltName') return;
    const wanted = ALTERNATIVE_NAMES[category];
    const given = ALTERNATIVE_FORMS.filter((form) => line[form] !== undefined);
    if (given.length !== 1 || given[0] !== wanted)
      fault(
        ['extensions', place],
        `the subjectAltName of the category ${category} is ${wanted ?? 'absent'} and nothing else`,
      );
  });
  return faults;
}

/** As `checkProfile`, for the certificate of a test CA. */
export function checkAuthorityTemplate({ kind, extensions }: AuthorityTemplate): TemplateFault[] {
  return extensions.flatMap((line, place): TemplateFault[] => {
    const path = ['extensions', place];
    if (line.extension === 'authorityKeyIdentifier' && kind === 'ROOT')
      return [{ path, detail: 'a root has no authorityKeyIdentifier (GBCS)' }];
    return line.extension === 'subjectAltName' ? [{ path, detail: 'a test CA has no subjectAltName' }] : [];
  });
}

function checkSubjectLine(line: SubjectLine, place: number, category: Category): TemplateFault[] {
  const { value, as, optional } = line;
  const path = ['subject', place];
  if (value.includes('{') && !PLACEHOLDERS[category].includes(value))
    return [{ path, detail: `${value} has no value in a certificate of the category ${category}` }];
  if ((value === '{eui64}') !== (as === 'bit-string'))
    return [{ path, detail: '{eui64} and nothing else is written as bit-string' }];
  if (value === '{common-name}' && optional !== true)
    return [{ path, detail: '{common-name} may be absent, so the line must say optional: true' }];
  // A role code fits, free text may not.
  if (as === 'printable' && value !== '{role-code}' && !isPrintable(value))
    return [{ path, detail: `${value} does not fit a PrintableString` }];
  return [];
}

const PLACEHOLDERS: Record<Category, readonly string[]> = {
  ORGANISATION: ['{common-name}', '{role-code}', '{eui64}'],
  DEVICE: [],
  DCCKI: ['{signifier}'],
};
const ALTERNATIVE_FORMS = ['hardwareModuleName', 'dNSNames'] as const;
const ALTERNATIVE_NAMES: Record<Category, (typeof ALTERNATIVE_FORMS)[number] | undefined> = {
  ORGANISATION: undefined,
  DEVICE: 'hardwareModuleName',
  DCCKI: 'dNSNames',
};

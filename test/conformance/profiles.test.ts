import { createPublicKey } from 'node:crypto';
import { issueEveryProfile } from './issued-certificates.ts';
import { world, type World } from '../support/world.ts';

/**
 * Clause by clause over the finished DER, written as octets and not by our own reader: each pattern was taken from the
 * documents and the public test certificates, and holds for the certificate that the service gave away.
 */
describe('finished certificates', () => {
  let here: World;
  let finished: Map<string, string>;
  let keys: Map<string, string>;
  beforeAll(async () => {
    here = await world();
    const issued = await issueEveryProfile(here);
    finished = new Map([...issued].map(([profile, one]) => [profile, one.issued.der.toString('hex')]));
    keys = new Map(
      [...issued].map(([profile, one]) => [
        profile,
        createPublicKey(one.csr.key).export({ type: 'spki', format: 'der' }).toString('hex'),
      ]),
    );
  });
  afterAll(() => here.close());

  const ORGANISATION = [
    'organisation-digital-signing',
    'organisation-key-agreement',
    'organisation-key-agreement-top-up',
    'organisation-xml-signing',
  ];
  const DEVICE = ['device-digital-signing', 'device-key-agreement'];
  const DCCKI = ['dccki-infrastructure', 'dccki-infrastructure-ec'];
  const SMKI = [...ORGANISATION, ...DEVICE];
  const EVERY = [...SMKI, ...DCCKI];

  const ONE_POLICY = /301d0603551d200101ff04133011300f060d2a863a0001848fb90f01020104/;
  const clauses: [clause: string, profiles: string[], pattern: RegExp][] = [
    ['RFC 5280, 4.1.2.1: version 3', EVERY, /^3082....3082....a003020102/],
    [
      'RFC 5280, 4.1.2.2: a serial number of 16 octets, positive',
      EVERY,
      /^3082....3082....a0030201020210[0-7]/,
    ],
    [
      'RFC 5758, 3.2: ecdsa-with-SHA256 without parameters, twice',
      SMKI,
      /0210.{32}300a06082a8648ce3d040302.*300a06082a8648ce3d04030203..0030/,
    ],
    ['RFC 4055, 5: sha256WithRSAEncryption with NULL', DCCKI, /0210.{32}300d06092a864886f70d01010b0500/],
    [
      'RFC 5480, 2: an uncompressed point on P-256',
      SMKI,
      /3059301306072a8648ce3d020106082a8648ce3d03010703420004/,
    ],
    [
      'SEC Appendix B: the issuer is OU=07, CN=TIO1 in PrintableString',
      ORGANISATION,
      /301c310b3009060355040b13023037310d300b0603550403130454494f31/,
    ],
    ['SEC Appendix A: the issuer is CN=TID1 alone', DEVICE, /300f310d300b0603550403130454494431/],
    ['GBCS page 145: an empty subject', DEVICE, /39393939313233313233353935395a30003059/],
    [
      'GBCS page 145: notAfter is 99991231235959Z in GeneralizedTime',
      DEVICE,
      /170d3236313132343132303030305a180f39393939313233313233353935395a/,
    ],
    [
      'RFC 5280, 4.1.2.5: ten years in UTCTime, the last second included',
      ORGANISATION,
      /170d3236313132343132303030305a170d3336313132343131353935395a/,
    ],
    [
      'SEC Appendix M, F: OU is two hex digits in UTF8String',
      ['organisation-digital-signing', 'organisation-key-agreement'],
      /310b3009060355040b0c023032/,
    ],
    [
      'SEC Appendix M, F: role 87 for XML signing',
      ['organisation-xml-signing'],
      /310b3009060355040b0c023837/,
    ],
    [
      'SEC Appendix M, F: uniqueIdentifier is the EUI-64 in a BIT STRING, last',
      ORGANISATION,
      /31123010060355042d03090090b3d51f300100003059/,
    ],
    [
      'SEC Appendix B: commonName first, in UTF8String',
      ['organisation-digital-signing'],
      /06035504030c124e6f7274686761746520c3896e6572676965.*060355040b0c023032/,
    ],
    [
      'GBCS page 141: keyUsage is critical, digitalSignature alone',
      ['organisation-digital-signing', 'organisation-xml-signing', 'device-digital-signing'],
      /300e0603551d0f0101ff040403020780/,
    ],
    [
      'GBCS page 141: keyUsage is critical, keyAgreement alone',
      ['organisation-key-agreement', 'organisation-key-agreement-top-up', 'device-key-agreement'],
      /300e0603551d0f0101ff040403020308/,
    ],
    [
      'RFC 5280, 4.2.1.2 (2): subjectKeyIdentifier of 8 octets that begins with 4',
      EVERY,
      /30110603551d0e040a04084/,
    ],
    [
      'RFC 5280, 4.2.1.1: authorityKeyIdentifier is keyIdentifier alone, 8 octets',
      EVERY,
      /30130603551d23040c300a80084/,
    ],
    ['GBCS page 145: certificatePolicies is critical, one policy without qualifiers', DEVICE, ONE_POLICY],
    [
      'GBCS page 141; public test certificates: certificatePolicies is critical, one policy without qualifiers',
      ORGANISATION,
      ONE_POLICY,
    ],
    ['DESIGN: certificatePolicies is critical, one policy without qualifiers', DCCKI, ONE_POLICY],
    [
      'RFC 4108, 5: hardwareModuleName with the Device ID, critical',
      DEVICE,
      /30350603551d110101ff042b3029a02706082b06010505070804a01b3019060d2a863a0001848fb90f01020201040800db1234200000a0/,
    ],
    [
      'Public test certificates: extensions KU, SKI, SAN, CP, AKI in this order',
      DEVICE,
      /0603551d0f.*0603551d0e.*0603551d11.*0603551d20.*0603551d23/,
    ],
    [
      'SEC Appendix B: extensions KU, SKI, CP, AKI and no other',
      ORGANISATION,
      /a3593057300e0603551d0f.{18}30110603551d0e.{24}301d0603551d20.{48}30130603551d23.{28}300a06082a8648ce3d040302/,
    ],
    [
      'Government response, paragraph 36: the subject of DCCKI is the Signifier',
      DCCKI,
      /30143112301006035504030c094e4f52544847415445/,
    ],
    [
      'DESIGN: DCCKI serves TLS at both ends',
      DCCKI,
      /301d0603551d250416301406082b0601050507030106082b06010505070302/,
    ],
    [
      'DESIGN: an RSA key signs and enciphers keys',
      ['dccki-infrastructure'],
      /300e0603551d0f0101ff0404030205a0/,
    ],
    ['DESIGN: a P-256 key signs', ['dccki-infrastructure-ec'], /300e0603551d0f0101ff040403020780/],
  ];

  test.each(
    clauses.flatMap(([clause, profiles, pattern]) =>
      profiles.map((profile) => ({ clause, profile, pattern })),
    ),
  )('$clause ($profile)', ({ profile, pattern }) => {
    expect(finished.get(profile)).toMatch(pattern);
  });

  test.each(EVERY)('RFC 2986: %s holds the key of its CSR, octet for octet', (profile) => {
    expect(finished.get(profile)).toContain(keys.get(profile));
  });

  test.each(EVERY)('RFC 5280, 4.2.1.9: %s has no basicConstraints', (profile) => {
    expect(finished.get(profile)).not.toContain('0603551d13');
  });
});

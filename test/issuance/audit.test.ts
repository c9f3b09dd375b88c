import type { IssuedCertificate } from '../../src/domain/certificate.ts';
import { query } from '../../src/db/query.ts';
import { issueCertificates } from '../../src/issuance/issue-certificates.ts';
import { findCallers } from '../../src/registry/callers.ts';
import { hashToken } from '../../src/registry/credentials.ts';
import { deviceCsr } from '../support/csr-builder.ts';
import { world, type World } from '../support/world.ts';

interface Event {
  readonly event: string;
  readonly signifier: string | null;
  readonly credential_id: string | null;
  readonly request_id: string | null;
  readonly object: string | null;
}

describe('the audit of the issuing path', () => {
  let here: World;
  beforeAll(async () => {
    here = await world();
  });
  afterAll(() => here.close());

  /** Asks for one certificate, and returns the events that this wrote. */
  const eventsOf = async (signifier: string, eui64: string, requestId: string) => {
    const hash = hashToken(await here.token(signifier));
    const [caller] = await findCallers([hash], here.clock.now(), here.database.pool);
    const purpose = 'DEVICE_AND_USER_SYSTEM_TESTS';
    const request = { category: 'DEVICE', purpose, channel: 'INTERNET', csr: deviceCsr(eui64).der } as const;
    const [result] = await issueCertificates([{ request, caller: caller!, requestId }], here.needs);
    const { rows } = await query<Event>(
      here.database.pool,
      `select a.event, p.signifier, a.credential_id, a.request_id, a.object
         from audit_event a left join participant p on p.id = a.participant_id where a.request_id = $1 order by a.id`,
      [requestId],
    );
    return { result, rows, who: { credential_id: caller!.credentialId, request_id: requestId } };
  };

  test('tells of an issued certificate once: for whom and by whom; its intent stands in the certificate', async () => {
    const { result, rows, who } = await eventsOf('METERWORKS', '00-DB-12-34-20-00-03-01', 'first');
    const about = {
      ...who,
      signifier: 'METERWORKS',
      object: (result as { serialNumber: string }).serialNumber,
    };
    expect(rows).toEqual([{ ...about, event: 'certificate.issued' }]);
    const { rows: certificates } = await query(
      here.database.pool,
      `select prepared_at as "preparedAt", issued_at as "issuedAt", decision_id as decision from certificate where serial_number = $1`,
      [about.object],
    );
    const at = here.clock.now();
    expect(certificates).toEqual([
      { preparedAt: at, issuedAt: at, decision: (result as IssuedCertificate).decision.id },
    ]);
  });

  test('tells of a refusal once, under the decision', async () => {
    const { rows, who } = await eventsOf('OLDMETER', '00-DB-12-34-30-00-03-01', 'second');
    const [{ id }] = (
      await query<{ id: string }>(here.database.pool, `select id from decision where request_id = 'second'`)
    ).rows as [{ id: string }];
    expect(rows).toEqual([{ ...who, event: 'certificate.refused', signifier: 'OLDMETER', object: id }]);
  });
});

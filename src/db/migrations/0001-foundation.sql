-- Up Migration

-- EUI-64s are text of 16 lower-case hex digits under collation "C": text order is numeric order.
create type eui64_range as range (subtype = text, collation = "C");

create table participant (
  id uuid primary key default gen_random_uuid(),
  signifier text not null unique,
  type text not null check (type in ('SEC_PARTY', 'RDP', 'NON_PARTY', 'DCC', 'DCC_SERVICE_PROVIDER')),
  legal_name text not null,
  status text not null default 'ACTIVE' check (status in ('ACTIVE', 'CLOSED')),
  party_category text check (party_category in ('LARGE_SUPPLIER', 'SMALL_SUPPLIER', 'ELECTRICITY_NETWORK', 'GAS_NETWORK', 'OTHER_SEC_PARTY')),
  non_party_kind text check (non_party_kind in ('MANUFACTURER', 'SYSTEM_INTEGRATOR', 'TEST_HOUSE', 'OTHER')),
  gateway_connection boolean not null default false,
  created_at timestamptz not null
);

create table membership (
  participant_id uuid primary key references participant,
  state text not null check (state in ('APPLICANT', 'ACTIVE', 'SUSPENDED', 'EXPELLED', 'WITHDRAWN')),
  since timestamptz not null,
  expelled_at timestamptz
);

-- IN_FORCE and EXPIRED are computed from the dates at use, never stored.
create table agreement (
  ref text primary key,
  participant_id uuid not null references participant,
  state text not null check (state in ('REQUESTED', 'OFFERED', 'LAPSED', 'EXECUTED', 'SUSPENDED', 'TERMINATED')),
  executed_at timestamptz,
  effective_from timestamptz,
  effective_to timestamptz,
  permitted_categories text[] not null,
  permitted_purposes text[] not null,
  permitted_environments text[] not null,
  permitted_roles text[] not null,
  device_ranges jsonb not null default '[]',
  volume_cap integer check (volume_cap >= 0),
  gateway_permitted boolean not null default false
);
create index agreement_participant on agreement (participant_id);

create table rdp_nomination (
  rdp_id uuid not null references participant,
  network_party_id uuid not null references participant,
  valid_from timestamptz not null,
  valid_to timestamptz,
  primary key (rdp_id, network_party_id, valid_from)
);

-- A central Registry Entry (MA-S) of the SEC Panel: User IDs and RDP IDs, never Devices (government response, paragraph 33).
create table registry_entry (
  name text primary key,
  eui64_from text collate "C" not null check (eui64_from ~ '^[0-9a-f]{16}$'),
  eui64_to text collate "C" not null check (eui64_to ~ '^[0-9a-f]{16}$'),
  exclude using gist (eui64_range(eui64_from, eui64_to, '[]') with &&)
);

create table identifier_allocation (
  id uuid primary key default gen_random_uuid(),
  participant_id uuid not null references participant,
  kind text not null check (kind in ('USER_ID', 'DCC_ID', 'RDP_ID')),
  state text not null check (state in ('ACTIVE', 'WITHDRAWN')),
  eui64_from text collate "C" not null check (eui64_from ~ '^[0-9a-f]{16}$'),
  eui64_to text collate "C" not null check (eui64_to ~ '^[0-9a-f]{16}$'),
  constraint identifier_allocation_no_overlap
    exclude using gist (eui64_range(eui64_from, eui64_to, '[]') with &&) where (state = 'ACTIVE')
);
create index identifier_allocation_participant on identifier_allocation (participant_id);

create table user_id_role_assignment (
  participant_id uuid not null references participant,
  eui64 text collate "C" not null check (eui64 ~ '^[0-9a-f]{16}$'),
  user_role text not null check (user_role in ('IMPORT_SUPPLIER', 'EXPORT_SUPPLIER', 'GAS_SUPPLIER', 'ELECTRICITY_DISTRIBUTOR', 'GAS_TRANSPORTER', 'REGISTERED_SUPPLIER_AGENT', 'OTHER_USER')),
  primary key (eui64, user_role)
);
create index user_id_role_assignment_participant on user_id_role_assignment (participant_id);

create table device_range (
  id uuid primary key default gen_random_uuid(),
  participant_id uuid not null references participant,
  eui64_from text collate "C" not null check (eui64_from ~ '^[0-9a-f]{16}$'),
  eui64_to text collate "C" not null check (eui64_to ~ '^[0-9a-f]{16}$'),
  device_types text[] not null default '{}',
  -- Signifier of the owner who delegated the range in writing; null: the participant's own.
  delegated_by text,
  constraint device_range_no_overlap
    exclude using gist (eui64_range(eui64_from, eui64_to, '[]') with &&) where (delegated_by is null)
);
create index device_range_participant on device_range (participant_id);

create table credential (
  id uuid primary key default gen_random_uuid(),
  participant_id uuid not null references participant,
  role text not null,
  label text not null default '',
  prefix text not null unique,
  token_sha256 bytea not null unique,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index credential_participant on credential (participant_id);

create table decision (
  id uuid primary key,
  decided_at timestamptz not null,
  request_id text,
  credential_id uuid not null references credential,
  -- Null when nobody is known under the signifier that was named.
  participant_id uuid references participant,
  category text not null,
  purpose text not null,
  environment text,
  device_type text,
  channel text not null,
  subject text,
  public_key_sha256 bytea,
  outcome text not null check (outcome in ('PASS', 'QUEUE', 'REFER', 'REFUSE')),
  basis text,
  agreement_ref text,
  simulated_role boolean not null default false,
  rule_set text not null,
  reasons jsonb not null
);
create index decision_participant on decision (participant_id, decided_at desc);

create table idempotency_key (
  id uuid primary key,
  credential_id uuid not null references credential,
  key text not null,
  request_sha256 bytea not null,
  claimed_at timestamptz not null,
  -- The process that works on it renews nothing: after the lease a retry may take over.
  lease_until timestamptz not null,
  answer jsonb,
  unique (credential_id, key)
);

-- One key, one subject: a second subject is refused (requirements 3.4, PUBLIC_KEY_REUSED).
create table public_key (
  sha256 bytea primary key,
  subject text not null,
  first_seen_at timestamptz not null
);

create table certificate (
  serial_number text primary key check (serial_number ~ '^([0-9A-F]{2}){1,20}$'),
  status text not null check (status in ('prepared', 'issued', 'abandoned')),
  authority text not null,
  profile text not null,
  category text not null,
  participant_id uuid not null references participant,
  credential_id uuid not null references credential,
  decision_id uuid not null references decision,
  idempotency_id uuid references idempotency_key,
  purpose text not null,
  environment text,
  subject text not null,
  eui64 text collate "C",
  public_key_sha256 bytea not null references public_key,
  not_before timestamptz not null,
  not_after timestamptz not null,
  -- The linted octets, kept until the certificate that holds them is.
  tbs bytea,
  prepared_at timestamptz not null,
  der bytea,
  sha256 bytea unique,
  issued_at timestamptz,
  abandoned_at timestamptz,
  abandoned_reason text,
  constraint issued_has_der check ((status = 'issued') = (der is not null)),
  constraint prepared_has_tbs check (status = 'issued' or tbs is not null),
  constraint abandoned_has_reason check ((status = 'abandoned') = (abandoned_reason is not null))
);
create index certificate_participant on certificate (participant_id, issued_at desc, serial_number desc);
create index certificate_eui64 on certificate (eui64) where eui64 is not null;
create index certificate_leftover on certificate (prepared_at) where status = 'prepared';
create index certificate_idempotency on certificate (idempotency_id) where idempotency_id is not null;

create table audit_event (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  event text not null,
  participant_id uuid,
  credential_id uuid,
  request_id text,
  -- What it is about: a serial number, a decision id, a credential prefix.
  object text,
  facts jsonb not null default '{}'
);
create index audit_event_object on audit_event (object);

-- Decisions and audit events are written once: a statement that changes or removes one is refused to every role. Only who owns
-- the tables can take the triggers away; docs/operations.md tells how the service does without owning them.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger decision_append_only before update or delete or truncate on decision
  for each statement execute function refuse_change();
create trigger audit_event_append_only before update or delete or truncate on audit_event
  for each statement execute function refuse_change();

-- A certificate goes prepared -> issued or prepared -> abandoned; what is issued never changes.
create function refuse_certificate_change() returns trigger language plpgsql as $$
begin
  if old.status <> 'prepared' then
    raise exception 'certificate % is % and cannot change', old.serial_number, old.status using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger certificate_final before update on certificate
  for each row execute function refuse_certificate_change();
create trigger certificate_never_deleted before delete or truncate on certificate
  for each statement execute function refuse_change();

-- Up Migration

-- The certificates of the test CAs, now and before: every certificate is served with the chain it was issued under, and
-- all nodes of one database issue under the same CAs.
create table authority_certificate (
  sha256 bytea primary key,
  name text not null,
  category text not null,
  kind text not null check (kind in ('ROOT', 'ISSUING')),
  -- What the authorityKeyIdentifier of the certificates below it says.
  key_identifier bytea not null,
  der bytea not null,
  -- The certificate that signed it; a root's is its own.
  issuer_sha256 bytea not null references authority_certificate,
  recorded_at timestamptz not null,
  retired_at timestamptz,
  retired_because text,
  check ((kind = 'ROOT') = (issuer_sha256 = sha256)),
  check ((retired_at is null) = (retired_because is null))
);
create unique index authority_certificate_current on authority_certificate (name) where retired_at is null;
create index authority_certificate_key on authority_certificate (key_identifier);

-- It is retired once and changes in nothing else.
create function refuse_authority_change() returns trigger language plpgsql as $$
begin
  if old.retired_at is not null or (old.sha256, old.name, old.category, old.kind, old.key_identifier, old.der, old.issuer_sha256, old.recorded_at)
      <> (new.sha256, new.name, new.category, new.kind, new.key_identifier, new.der, new.issuer_sha256, new.recorded_at) then
    raise exception 'authority % is on record and cannot change', old.name using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger authority_certificate_final before update on authority_certificate
  for each row execute function refuse_authority_change();
create trigger authority_certificate_never_deleted before delete or truncate on authority_certificate
  for each statement execute function refuse_change();

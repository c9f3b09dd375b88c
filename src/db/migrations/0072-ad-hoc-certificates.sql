-- Up Migration

-- Certificates of single requests are counted one by one where a rule set limits them (SEC Appendix N); those of batches are not
-- among them, and do not pay for it.
create index certificate_ad_hoc on certificate (participant_id, category, issued_at) where batch_id is null and status = 'issued';

-- Lists of the API that are asked for few rows of a large tenant.

-- Whose text begins so (`username.like=10*`). The order of bytes, text_pattern_ops, serves that
-- whatever the database's collation is. It serves equality, too.
CREATE INDEX users_username_begins ON voip.users (domain_id, username text_pattern_ops);
CREATE INDEX users_display_name_begins ON voip.users (domain_id, display_name text_pattern_ops);
CREATE INDEX extensions_number_begins ON voip.extensions (domain_id, number text_pattern_ops);
CREATE INDEX inbound_numbers_number_begins
    ON voip.inbound_numbers (domain_id, number text_pattern_ops);

-- What is newer than a moment.
CREATE INDEX users_created_at ON voip.users (domain_id, created_at);
CREATE INDEX extensions_created_at ON voip.extensions (domain_id, created_at);

-- What few rows are or have: the others are not in these.
CREATE INDEX users_disabled ON voip.users (domain_id) WHERE NOT enabled;
CREATE INDEX users_undisturbed ON voip.users (domain_id) WHERE do_not_disturb;
CREATE INDEX extensions_services ON voip.extensions (domain_id, type) WHERE type <> 'user';
CREATE INDEX extensions_prefixes ON voip.extensions (domain_id) WHERE is_prefix;
CREATE INDEX extensions_always_outside ON voip.extensions (domain_id, always_outside)
    WHERE always_outside IS NOT NULL;
CREATE INDEX extensions_busy_outside ON voip.extensions (domain_id, busy_outside)
    WHERE busy_outside IS NOT NULL;
CREATE INDEX extensions_no_answer_outside ON voip.extensions (domain_id, no_answer_outside)
    WHERE no_answer_outside IS NOT NULL;
CREATE INDEX extensions_unreachable_outside ON voip.extensions (domain_id, unreachable_outside)
    WHERE unreachable_outside IS NOT NULL;

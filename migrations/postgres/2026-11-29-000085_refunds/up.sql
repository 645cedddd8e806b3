-- Money goes back in parts: several rows may reverse one payment.
ALTER TABLE payments DROP CONSTRAINT payments_reverses_key;
CREATE INDEX payments_reversals ON payments (reverses) WHERE reverses IS NOT NULL;

-- What an administrator asked a provider to give back: written down before it is asked. `after`: what becomes of what was bought.
CREATE TABLE refunds (
    id BIGINT NOT NULL PRIMARY KEY,
    payment BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    note TEXT NOT NULL,
    after SMALLINT NOT NULL,
    state SMALLINT NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_by BIGINT
);
CREATE UNIQUE INDEX refunds_open ON refunds (payment) WHERE state = 0;
CREATE INDEX refunds_of_payment ON refunds (payment, id);

-- Payments that their payers' banks ask back, as the provider says.
CREATE TABLE disputes (
    payment BIGINT NOT NULL PRIMARY KEY,
    member BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    seen_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX disputes_of_member ON disputes (member);

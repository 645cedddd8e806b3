DROP TABLE disputes;
DROP TABLE refunds;
DROP INDEX payments_reversals;
ALTER TABLE payments ADD CONSTRAINT payments_reverses_key UNIQUE (reverses);

-- A yes to whoever asked to call, which they have not seen. Of yeses from before nobody is told anything: they may be long past.
ALTER TABLE requests ADD COLUMN yes_unseen BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX requests_yeses ON requests (sender) WHERE yes_unseen;

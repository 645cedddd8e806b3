-- Counts of each day, so that no page counts everything. Days are counted from 1970 in UTC; what a figure's number means stands in the program.
CREATE TABLE day_figures (
    day BIGINT NOT NULL,
    figure SMALLINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (day, figure)
);
-- Work that failed, and letters that no mail server took: few among many.
CREATE INDEX jobs_failed ON jobs (state, run_at) WHERE last_error IS NOT NULL;
CREATE INDEX letters_unsent ON letters (id) WHERE sent_at IS NULL;

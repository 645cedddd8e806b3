DROP INDEX letters_unsent;
DROP INDEX jobs_failed;
DROP TABLE day_figures;

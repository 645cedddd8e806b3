-- Messages that one of two is not to hear come in unbroken rows: where the row of each begins, so that whoever reads past them leaps.
ALTER TABLE messages ADD COLUMN hides_from BIGINT;
UPDATE messages SET hides_from = rows_of.begins FROM (
    SELECT id, MAX(first) OVER (PARTITION BY room ORDER BY seq) AS begins FROM (
        SELECT id, room, seq, CASE WHEN unheard AND NOT COALESCE(LAG(unheard) OVER beside AND LAG(author) OVER beside = author, FALSE)
            THEN 1 + COALESCE(LAG(seq) OVER beside, 0) END AS first
        FROM messages WHERE room IN (SELECT room FROM messages WHERE unheard)
        WINDOW beside AS (PARTITION BY room ORDER BY seq)) AS firsts) AS rows_of
WHERE rows_of.id = messages.id AND messages.unheard;
DROP INDEX messages_unheard;
CREATE INDEX messages_unheard ON messages (room, author, hides_from, seq) WHERE unheard;

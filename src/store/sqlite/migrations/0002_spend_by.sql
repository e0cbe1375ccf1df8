-- Limits of money per provider and per repository: who a reservation is for, and what was settled
-- by day for each of them. What was spent before this schema is counted from the calls.
ALTER TABLE reservations ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN repo     TEXT NOT NULL DEFAULT '';

CREATE TABLE spend_by (
    kind             TEXT    NOT NULL, -- 'provider' or 'repo'
    name             TEXT    NOT NULL,
    day              INTEGER NOT NULL, -- days since the epoch, UTC
    settled_microusd INTEGER NOT NULL,
    PRIMARY KEY (kind, name, day)
) STRICT, WITHOUT ROWID;

INSERT INTO spend_by (kind, name, day, settled_microusd)
    SELECT 'provider', provider, at_ms / 86400000, sum(cost_microusd) FROM calls
    WHERE cost_microusd <> 0 GROUP BY provider, at_ms / 86400000;
INSERT INTO spend_by (kind, name, day, settled_microusd)
    SELECT 'repo', j.repo, c.at_ms / 86400000, sum(c.cost_microusd)
    FROM calls AS c JOIN jobs AS j ON j.id = c.job_id
    WHERE c.cost_microusd <> 0 AND j.repo <> '' GROUP BY j.repo, c.at_ms / 86400000;

-- Opening in constant time, codes over what is owed, and keys that can be changed. What needs a key is done by
-- store/open.rs in the same transaction: the head, the codes of tasks, and the codes of payments with their place.

CREATE TABLE head (                 -- what the whole must come to, so that opening need not look at all of it
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    seq       INTEGER NOT NULL,     -- of the newest line of the journal
    link      BLOB NOT NULL,        -- its link
    payments  INTEGER NOT NULL,     -- the newest payment's n; below it no n is missing
    unended   INTEGER NOT NULL,     -- payments that have not ended
    codes     INTEGER NOT NULL,     -- codes that are fresh or shown
    consents  INTEGER NOT NULL,     -- events of the ledger
    gone      INTEGER NOT NULL,     -- versions of rows that were erased
    mac       BLOB NOT NULL
) STRICT;

ALTER TABLE task ADD COLUMN mac BLOB NOT NULL DEFAULT x'';

-- When a preview ends is now part of its seal. None lives longer than a few minutes.
DELETE FROM preview;

CREATE TABLE rotation (             -- a change of the root key that is under way
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    wrapped BLOB NOT NULL,          -- the key that is coming
    canary  BLOB NOT NULL,
    step    INTEGER NOT NULL,       -- which table is being sealed anew
    cursor  BLOB NOT NULL           -- the last row of it that is done
) STRICT;

CREATE TABLE epoch (                -- the chain's key by the line it begins with; none: the first root key's
    first INTEGER PRIMARY KEY,
    s_key BLOB NOT NULL
) STRICT;

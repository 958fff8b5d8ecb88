-- The first schema. Columns named s_* hold sealed values (vault/seal.rs); `mac` covers a row's clear columns and its
-- sealed blobs (store/row.rs). Times are server milliseconds. Ids are 16 bytes.

CREATE TABLE keyring (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    name    BLOB NOT NULL,          -- this database's random name, part of every seal
    wrapped BLOB NOT NULL,          -- the root key, wrapped by the vault
    canary  BLOB NOT NULL           -- shows whether the unwrapped key is the right one
) STRICT;

CREATE TABLE setting (              -- one value of a kind: enrolment, configuration, clock anchor, balance
    name    TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    s_value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document (             -- consent documents as they were signed, kept as long as an event names them
    digest  BLOB PRIMARY KEY,
    s_value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE consent (              -- the ledger: append-only
    seq     INTEGER PRIMARY KEY,
    s_event BLOB NOT NULL
) STRICT;

CREATE TRIGGER consent_is_never_changed BEFORE UPDATE ON consent
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER consent_is_never_deleted BEFORE DELETE ON consent
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE preview (
    id      BLOB PRIMARY KEY,
    expires INTEGER NOT NULL,
    s_value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE payment (              -- rowid order is time order: history pages by it
    n         INTEGER PRIMARY KEY AUTOINCREMENT,
    key       BLOB NOT NULL UNIQUE, -- idempotency key
    preview   BLOB UNIQUE,          -- one preview, one payment; absent for a shown code
    open_order BLOB,                -- blind index of the order while no other payment may take it (R6)
    state     TEXT NOT NULL,
    version   INTEGER NOT NULL,
    s_request BLOB,                 -- the exact bytes that were, are and will be sent
    s_body    BLOB NOT NULL,        -- terms, machine, answers
    mac       BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX payment_open_order ON payment (open_order) WHERE open_order IS NOT NULL;
CREATE INDEX payment_unended ON payment (state) WHERE state IN ('sending', 'unknown', 'not_seen', 'pending');

CREATE TABLE code (                 -- issued codes
    id      BLOB PRIMARY KEY,
    state   TEXT NOT NULL,
    expires INTEGER NOT NULL,
    version INTEGER NOT NULL,
    s_body  BLOB NOT NULL,
    mac     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX code_live ON code (state) WHERE state IN ('fresh', 'shown');

CREATE TABLE task (                 -- what is owed: committed with the state that owes it
    kind    TEXT NOT NULL,
    subject BLOB NOT NULL,
    due     INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (              -- every state change, chained
    seq     INTEGER PRIMARY KEY,
    subject BLOB NOT NULL,
    state   TEXT NOT NULL,
    version INTEGER NOT NULL,
    link    BLOB NOT NULL
) STRICT;

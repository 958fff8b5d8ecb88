-- Keys for codes without network (present/offline). `since` is the last time step for which a key may have been on a screen:
-- written before its first code is seen. The batch they came in is the setting `offline_batch`.

CREATE TABLE offline_key (
    id      BLOB PRIMARY KEY,       -- names the key without being it; the key of the payment it may lead to
    state   TEXT NOT NULL,          -- unused, in_use, spent
    since   INTEGER NOT NULL,
    version INTEGER NOT NULL,
    s_body  BLOB NOT NULL,          -- handle and key
    mac     BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS users (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL                -- of the balance: counts up with every change
) STRICT;

CREATE TABLE IF NOT EXISTS devices (
  id TEXT PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users,
  device_key BLOB NOT NULL UNIQUE,
  user_key BLOB NOT NULL
) STRICT;

-- How far each device's own chain of state changes has come.
CREATE TABLE IF NOT EXISTS chains (
  device TEXT PRIMARY KEY REFERENCES devices,
  seq INTEGER NOT NULL,
  link BLOB NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS consents (
  device TEXT NOT NULL REFERENCES devices,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  bytes BLOB NOT NULL,
  signature BLOB NOT NULL,
  PRIMARY KEY (device, seq)
) STRICT;

-- Answers to requests that carry a nonce, kept to be given again.
CREATE TABLE IF NOT EXISTS answers (
  device TEXT NOT NULL REFERENCES devices,
  kind TEXT NOT NULL,
  nonce TEXT NOT NULL,
  body TEXT NOT NULL,
  answer BLOB NOT NULL,
  PRIMARY KEY (device, kind, nonce)
) STRICT;

-- Codes that shops show. Without an order: printed on the wall.
CREATE TABLE IF NOT EXISTS shop_codes (
  code TEXT PRIMARY KEY,
  shop TEXT NOT NULL,
  network TEXT NOT NULL,
  order_id TEXT REFERENCES orders
) STRICT;

CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY,
  shop TEXT NOT NULL,
  network TEXT NOT NULL,
  currency TEXT NOT NULL,
  minor INTEGER NOT NULL CHECK (minor > 0),
  ends INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS quotes (
  id TEXT PRIMARY KEY,
  device TEXT NOT NULL REFERENCES devices,
  terms BLOB NOT NULL,
  expires INTEGER NOT NULL                -- beside the one in the terms, so that a fault can end it early
) STRICT;

-- Every payment that has ended, charged or not. The sequence is the contract's `seq`.
CREATE TABLE IF NOT EXISTS payments (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  device TEXT NOT NULL REFERENCES devices,
  order_id TEXT,
  body TEXT NOT NULL,                     -- digest of the request; empty for a tombstone, which answers any
  charged INTEGER NOT NULL,
  answer BLOB NOT NULL,
  at INTEGER NOT NULL,
  keyed INTEGER NOT NULL DEFAULT 1        -- 0: the idempotency key is forgotten, the payment is not
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_charge_an_order ON payments (order_id) WHERE charged = 1;

CREATE TABLE IF NOT EXISTS shown_codes (
  id TEXT PRIMARY KEY,
  digits TEXT NOT NULL UNIQUE,
  device TEXT NOT NULL REFERENCES devices,
  network TEXT NOT NULL,
  region TEXT NOT NULL,
  consent TEXT NOT NULL,
  expires INTEGER NOT NULL,
  shop TEXT                               -- who scanned it
) STRICT;

-- Codes that phones make without network: batches of keys, by device and epoch; `kept` once the phone has them on disk.
CREATE TABLE IF NOT EXISTS offline_batches (
  device TEXT NOT NULL REFERENCES devices,
  epoch INTEGER NOT NULL,
  request TEXT NOT NULL,
  kept INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (device, epoch)
) STRICT;

CREATE TABLE IF NOT EXISTS offline_keys (
  id TEXT PRIMARY KEY,                    -- the key of the payment it leads to
  handle TEXT NOT NULL UNIQUE,
  device TEXT NOT NULL REFERENCES devices,
  epoch INTEGER NOT NULL,
  ends INTEGER NOT NULL,
  live INTEGER NOT NULL DEFAULT 1,        -- until a newer batch is kept
  wrong INTEGER NOT NULL DEFAULT 0,       -- wrong passwords in all
  last INTEGER NOT NULL DEFAULT 0,        -- the step it paid at
  shop TEXT,                              -- who scanned it
  request TEXT                            -- the terminal's own number of that scan
) STRICT;

CREATE TABLE IF NOT EXISTS bad_scans (
  terminal TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- The books. Postings of one entry sum to zero in every currency.
CREATE TABLE IF NOT EXISTS accounts (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  owner TEXT NOT NULL,
  currency TEXT NOT NULL,
  minor INTEGER NOT NULL,
  UNIQUE (kind, owner, currency)
) STRICT;

CREATE TABLE IF NOT EXISTS entries (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  order_id TEXT,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS postings (
  entry INTEGER NOT NULL REFERENCES entries,
  account INTEGER NOT NULL REFERENCES accounts,
  minor INTEGER NOT NULL
) STRICT;

-- Money given back. Parts have rates of their own.
CREATE TABLE IF NOT EXISTS refunds (
  entry INTEGER PRIMARY KEY REFERENCES entries,
  id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL,
  refund BLOB NOT NULL                    -- as the contract tells it
) STRICT;

-- Payments that were taken in and are not done: `hold`.
CREATE TABLE IF NOT EXISTS held (
  key TEXT PRIMARY KEY,
  seq INTEGER NOT NULL,
  device TEXT NOT NULL REFERENCES devices,
  body TEXT NOT NULL,
  request BLOB NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- What stands beside a payment: wishes that a person decides about, the network's late cancel.
CREATE TABLE IF NOT EXISTS beside (
  key TEXT PRIMARY KEY,
  cancel TEXT,
  refund TEXT,
  reversed INTEGER
) STRICT;

-- Every change of every payment, as the history tells it. `n` counts a user's from 1.
CREATE TABLE IF NOT EXISTS changes (
  seq INTEGER PRIMARY KEY,
  user TEXT NOT NULL REFERENCES users,
  n INTEGER NOT NULL,
  line BLOB NOT NULL,
  UNIQUE (user, n)
) STRICT;

-- The log of consents: leaf number and event.
CREATE TABLE IF NOT EXISTS log (
  at INTEGER PRIMARY KEY,
  event TEXT NOT NULL UNIQUE
) STRICT;

-- What was handed to a network, and under which consent.
CREATE TABLE IF NOT EXISTS transfers (
  seq INTEGER PRIMARY KEY,
  user TEXT NOT NULL,
  network TEXT NOT NULL,
  call TEXT NOT NULL,
  items TEXT NOT NULL,
  consent TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

-- Changes of what is published since the beginning.
CREATE TABLE IF NOT EXISTS published (
  network TEXT PRIMARY KEY,
  revisions INTEGER NOT NULL,
  suspended INTEGER,
  count INTEGER NOT NULL
) STRICT;

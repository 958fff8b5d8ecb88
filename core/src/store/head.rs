//! The head: one row that says what the whole database must come to. It is written in the transaction of every change, so
//! that opening looks at the end of things only, however much there is.

use super::{Tx, View, failed, row};
use crate::crypto::Canonical;
use crate::error::{Code, Error, Result};

/// How far the chain of state changes has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tip {
    /// The number of the newest line.
    pub seq: i64,
    /// Its link; empty before the first line.
    pub link: Vec<u8>,
}

/// What a vault keeps of a database: its name and how far it has come.
pub(super) fn witness(name: &[u8], tip: &Tip) -> Vec<u8> {
    [name, &tip.seq.to_be_bytes(), &tip.link].concat()
}

#[derive(Clone, Default)]
pub(super) struct Head {
    pub(super) tip: Tip,
    /// The newest payment's place. Below it none is missing.
    pub(super) payments: i64,
    pub(super) unended: i64,
    pub(super) codes: i64,
    pub(super) consents: i64,
    /// Versions of rows that were erased: they have lines in the journal, and no row.
    pub(super) gone: i64,
}

impl Head {
    fn mac_input(&self) -> Vec<u8> {
        Canonical::new(*b"JHD1")
            .number(self.tip.seq)
            .bytes(&self.tip.link)
            .number(self.payments)
            .number(self.unended)
            .number(self.codes)
            .number(self.consents)
            .number(self.gone)
            .finish()
    }
}

impl View<'_> {
    /// The head as it stands.
    pub(super) fn head(&self) -> Result<Head> {
        let sql = "SELECT seq, link, payments, unended, codes, consents, gone, mac FROM head WHERE id = 1";
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let found: Option<(Head, Vec<u8>)> = row::optional(statement.query_row([], |row| {
            let head = Head {
                tip: Tip { seq: row.get(0)?, link: row.get(1)? },
                payments: row.get(2)?,
                unended: row.get(3)?,
                codes: row.get(4)?,
                consents: row.get(5)?,
                gone: row.get(6)?,
            };
            Ok((head, row.get(7)?))
        }))?;
        let (head, mac) = found.ok_or_else(|| Error::new(Code::StoreDamaged).with("table", "head"))?;
        self.check_mac("head", &head.mac_input(), &mac)?;
        Ok(head)
    }

    /// Whether this database is the one that a vault's witness speaks about, as far on or further.
    pub(super) fn bears_out(&self, witness: &[u8]) -> bool {
        let rest = witness.strip_prefix(self.name).and_then(|rest| rest.split_first_chunk::<8>());
        rest.is_some_and(|(seq, link)| {
            let tip = Tip { seq: i64::from_be_bytes(*seq), link: link.to_vec() };
            self.has_passed(&tip).unwrap_or(false)
        })
    }

    /// How far the chain has come.
    ///
    /// # Errors
    /// [`Code::StoreDamaged`], [`Code::StoreFailed`].
    pub fn tip(&self) -> Result<Tip> {
        self.head().map(|head| head.tip)
    }
}

impl Tx<'_> {
    /// The head as this change has left it so far.
    pub(super) fn head_now(&self) -> Result<Head> {
        if let Some(head) = self.head.borrow().as_ref() {
            return Ok(head.clone());
        }
        self.head()
    }

    /// Moves the head on. It is written once, with the commit.
    pub(super) fn move_head(&self, change: impl FnOnce(&mut Head)) -> Result<()> {
        let mut head = self.head_now()?;
        change(&mut head);
        *self.head.borrow_mut() = Some(head);
        Ok(())
    }

    /// Writes the head, if it moved.
    pub(super) fn finish(&self) -> Result<Option<Tip>> {
        let Some(head) = self.head.take() else { return Ok(None) };
        let mac = self.keys.row_mac(&head.mac_input());
        let sql = "INSERT INTO head (id, seq, link, payments, unended, codes, consents, gone, mac)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, link = excluded.link, payments = excluded.payments,
                unended = excluded.unended, codes = excluded.codes, consents = excluded.consents, gone = excluded.gone,
                mac = excluded.mac";
        let (tip, mac) = (&head.tip, mac.as_bytes());
        let values =
            (tip.seq, &tip.link, head.payments, head.unended, head.codes, head.consents, head.gone, mac.as_slice());
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        statement.execute(values).map_err(failed)?;
        Ok(Some(head.tip))
    }
}

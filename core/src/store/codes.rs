//! Issued codes.

use super::journal::ERASED;
use super::{Tx, View, failed, row};
use crate::error::{Code as ErrorCode, Error, Result};
use crate::id::Id;
use crate::network::Network;
use crate::present::{Code, CodeState};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

const BODY: (&str, &str) = ("code", "s_body");
/// Codes that are not over, as the index has it.
pub(super) const LIVE: &str = "state IN ('fresh', 'shown')";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    network: Network,
    region: String,
    digits: String,
    #[serde(default)]
    offline: bool,
}

struct Row {
    id: Vec<u8>,
    state: String,
    expires: i64,
    version: i64,
    body: Vec<u8>,
    mac: Vec<u8>,
}

impl Row {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            state: row.get(1)?,
            expires: row.get(2)?,
            version: row.get(3)?,
            body: row.get(4)?,
            mac: row.get(5)?,
        })
    }

    fn mac_input(&self) -> Vec<u8> {
        row::mac_input("code", &self.id, &self.state, self.version, &self.expires.to_be_bytes(), &[&self.body])
    }
}

const COLUMNS: &str = "id, state, expires, version, s_body, mac";

fn is_live(state: Option<CodeState>) -> bool {
    matches!(state, Some(CodeState::Fresh | CodeState::Shown))
}

impl View<'_> {
    /// Opens everything of the codes after this one, at most `limit`: gives the last one, or none when there are no more.
    pub(super) fn audit_codes(&self, after: &[u8], limit: i64) -> Result<Option<Vec<u8>>> {
        let sql = format!("SELECT {COLUMNS} FROM code WHERE id > ?1 ORDER BY id LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map((after, limit), Row::read).map_err(failed)?;
        let mut last = None;
        for row in rows {
            let row = row.map_err(failed)?;
            self.open_code(&row)?;
            last = Some(row.id);
        }
        Ok(last)
    }

    fn open_code(&self, row: &Row) -> Result<Code> {
        self.check_mac("code", &row.mac_input(), &row.mac)?;
        let body: Body = self.open_json(BODY, &row.id, row.version, &row.body)?;
        let state = CodeState::parse(&row.state);
        Ok(Code {
            id: Id::from_slice(&row.id)?,
            network: body.network,
            region: body.region,
            digits: body.digits,
            expires: ServerMs(row.expires),
            offline: body.offline,
            state: state.ok_or_else(|| Error::new(ErrorCode::StoreDamaged).with("table", "code"))?,
        })
    }

    /// The code of this name.
    ///
    /// # Errors
    /// [`ErrorCode::StoreDamaged`], [`ErrorCode::StoreFailed`].
    pub fn code(&self, id: Id) -> Result<Option<Code>> {
        let sql = format!("SELECT {COLUMNS} FROM code WHERE id = ?1");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        row::optional(statement.query_row([id.0], Row::read))?.map(|row| self.open_code(&row)).transpose()
    }

    /// All codes that are fresh or shown.
    ///
    /// # Errors
    /// As [`View::code`].
    pub fn live_codes(&self) -> Result<Vec<Code>> {
        let sql = format!("SELECT {COLUMNS} FROM code WHERE {LIVE}");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map([], Row::read).map_err(failed)?;
        rows.map(|row| self.open_code(&row.map_err(failed)?)).collect()
    }
}

impl Tx<'_> {
    /// Writes a code as it now is. One that has ended keeps no digits: nobody needs them again.
    ///
    /// # Errors
    /// [`ErrorCode::StoreFailed`].
    pub fn put_code(&self, code: &Code) -> Result<()> {
        let sql = format!("SELECT {COLUMNS} FROM code WHERE id = ?1");
        let last = row::optional(self.connection.query_row(&sql, [code.id.0], Row::read))?;
        if let Some(row) = &last {
            self.check_mac("code", &row.mac_input(), &row.mac)?;
        }
        let version = last.as_ref().map_or(0, |row| row.version).saturating_add(1);
        let was_live = last.is_some_and(|row| is_live(CodeState::parse(&row.state)));
        let live = is_live(Some(code.state));
        let digits = if live { code.digits.clone() } else { String::new() };
        let body = Body { network: code.network, region: code.region.clone(), digits, offline: code.offline };
        let mut row = Row {
            id: code.id.0.to_vec(),
            state: code.state.as_str().to_owned(),
            expires: code.expires.0,
            version,
            body: self.seal_json(BODY, &code.id.0, version, &body)?,
            mac: Vec::new(),
        };
        row.mac = self.keys.row_mac(&row.mac_input()).as_bytes().to_vec();
        let sql = "INSERT INTO code (id, state, expires, version, s_body, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires = excluded.expires, version = excluded.version,
                s_body = excluded.s_body, mac = excluded.mac";
        let values = (&row.id, &row.state, row.expires, row.version, &row.body, &row.mac);
        self.connection.execute(sql, values).map_err(failed)?;
        let more = i64::from(live).saturating_sub(i64::from(was_live));
        self.move_head(|head| head.codes = head.codes.saturating_add(more))?;
        self.append_journal(&code.id.0, code.state.as_str(), version)
    }

    fn codes_after(&self, after: &[u8], limit: i64) -> Result<Vec<Row>> {
        let sql = format!("SELECT {COLUMNS} FROM code WHERE id > ?1 ORDER BY id LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql).map_err(failed)?;
        let rows = statement.query_map((after, limit), Row::read).and_then(Iterator::collect);
        rows.map_err(failed)
    }

    /// Seals the codes after this one under the current keys, at most `limit`: gives the last one done.
    pub(super) fn reseal_codes(&self, after: &[u8], limit: i64) -> Result<Option<Vec<u8>>> {
        let rows = self.codes_after(after, limit)?;
        let last = rows.last().map(|row| row.id.clone());
        for mut row in rows {
            self.check_mac("code", &row.mac_input(), &row.mac)?;
            let body = self.open_bytes(BODY, &row.id, row.version, &row.body)?;
            row.body = self.seal_bytes(BODY, &row.id, row.version, &body)?;
            row.mac = self.keys.row_mac(&row.mac_input()).as_bytes().to_vec();
            let sql = "UPDATE code SET s_body = ?2, mac = ?3 WHERE id = ?1";
            self.connection.execute(sql, (&row.id, &row.body, &row.mac)).map_err(failed)?;
        }
        Ok(last)
    }

    /// Erases the codes that are over and can bring no payment any more. How many.
    pub(super) fn erase_codes(&self, now: ServerMs) -> Result<u32> {
        let mut erased = 0u32;
        for row in self.codes_after(&[], i64::MAX)? {
            self.check_mac("code", &row.mac_input(), &row.mac)?;
            if is_live(CodeState::parse(&row.state)) || row.expires > now.0 {
                continue;
            }
            let version = row.version.saturating_add(1);
            self.connection.execute("DELETE FROM code WHERE id = ?1", [&row.id]).map_err(failed)?;
            self.append_journal(&row.id, ERASED, version)?;
            self.move_head(|head| head.gone = head.gone.saturating_add(version))?;
            erased = erased.saturating_add(1);
        }
        Ok(erased)
    }
}

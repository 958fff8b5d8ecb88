//! Issued codes.

use super::{Tx, View, failed, row};
use crate::error::{Code as ErrorCode, Error, Result};
use crate::id::Id;
use crate::network::Network;
use crate::present::{Code, CodeState};
use crate::time::ServerMs;
use serde::{Deserialize, Serialize};

const BODY: (&str, &str) = ("code", "s_body");

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

impl View<'_> {
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
        let sql = format!("SELECT {COLUMNS} FROM code WHERE state IN ('fresh', 'shown')");
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
        let sql = "SELECT version FROM code WHERE id = ?1";
        let last: Option<i64> = row::optional(self.connection.query_row(sql, [code.id.0], |row| row.get(0)))?;
        let version = last.unwrap_or(0).saturating_add(1);
        let live = matches!(code.state, CodeState::Fresh | CodeState::Shown);
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
        self.append_journal(&code.id.0, code.state.as_str(), version)
    }
}

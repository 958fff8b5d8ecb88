//! UnionPay: root objects 15 and 16, exactly 31 characters (`domain.md` §3.1): acquirer (8), forwarder (8), merchant (15).

use crate::code::emv::Mpm;

/// Length of the account: two institution numbers of 8 and a merchant number of 15.
const ACCOUNT: usize = 31;

/// Whether the code names a UnionPay merchant.
pub(super) fn has_account(code: &Mpm<'_>) -> bool {
    [15, 16].into_iter().any(|tag| code.get(tag).is_some_and(|value| value.len() == ACCOUNT))
}

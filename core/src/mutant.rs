//! Bugs planted on purpose, so that the simulator can show that it would find them (`cargo xtask simulate --mutants`).
//!
//! They exist only with the feature `mutants`, which nothing that ships may enable (`cargo xtask check`; `bindings/ffi` does not
//! compile with it). Without the feature `planted!` is `false`, and the compiler leaves nothing of it.

/// Whether a build holds the planted bugs.
pub const BUILT_IN: bool = cfg!(feature = "mutants");

/// `planted!(Name)`: whether this bug is in force on this thread.
#[cfg(feature = "mutants")]
macro_rules! planted {
    ($name:ident) => {
        $crate::mutant::is($crate::mutant::Mutant::$name)
    };
}

/// `planted!(Name)`: never, in what ships.
#[cfg(not(feature = "mutants"))]
macro_rules! planted {
    ($name:ident) => {
        false
    };
}

#[cfg(feature = "mutants")]
pub use with_feature::{Mutant, is, plant};

#[cfg(feature = "mutants")]
mod with_feature {
    use std::cell::Cell;

    macro_rules! mutants {
        ($($(#[$doc:meta])* $name:ident $word:literal,)*) => {
            /// A planted bug.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum Mutant { $( $(#[$doc])* $name, )* }

            impl Mutant {
                /// Every planted bug.
                pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

                /// What it is, in a few words.
                pub const fn as_str(self) -> &'static str {
                    match self { $( Self::$name => $word, )* }
                }
            }
        };
    }

    mutants! {
        /// The request leaves before the intent is on disk (R1).
        SendBeforePersist "send before persist",
        /// A second attempt goes with a key of its own (R2).
        NewKeyOnRetry "new key on retry",
        /// Commits are written but not synced.
        NormalInsteadOfFull "NORMAL instead of FULL",
        /// The same final answer twice is a contradiction.
        ApplyNotIdempotent "apply not idempotent",
        /// The bytes go again however long ago they first went (R4).
        ResendAfterHorizon "resend after horizon",
        /// "Never seen" is the end at once (R5).
        NotSeenIsFailure "404 read as failure",
        /// A lost answer is a failure (R3).
        LostIsFailure "lost answer read as failure",
        /// State first, receipt in a second transaction (R8).
        ReceiptLater "receipt in a second transaction",
        /// A wish to cancel is kept and never carried out.
        CancelForgets "cancel forgets",
        /// A quote that is over is paid all the same (R9).
        StaleQuote "stale quote sent",
        /// The consent is not looked at again when a payment is sent (I9).
        ConsentNotRechecked "consent not re-checked at send",
        /// A change without a line in the journal.
        ChainNotExtended "chain not extended",
        /// A code that was on screen may be shown again.
        CodeReshown "code re-shown",
        /// A changed payment loses the bytes of its request.
        RetryDropsBytes "retry drops bytes",
        /// Money given back ends the payment in another way.
        RefundRewritesState "refund rewrites state",
        /// The intent is written without the task that sends it.
        TaskForgotten "intent without its task",
        /// What a killed process left unsynced is read as if it were there.
        UnsyncedRead "reads what was not synced",
        /// Tasks stay put off by a clock that was wrong.
        PutOffByClock "tasks put off by a clock",
        /// An older balance takes the place of a newer one.
        BalanceGoesBack "older balance kept",
        /// An answer pays for a question that was asked after it left.
        PaidInAdvance "answer pays for a later question",
        /// The terms of a preview are also kept in the clear.
        SecretInTheClear "secret in the clear",
    }

    thread_local! {
        static PLANTED: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    /// Puts a bug in force on this thread, or none.
    pub fn plant(mutant: Option<Mutant>) {
        PLANTED.set(mutant);
    }

    /// Whether this bug is in force.
    pub fn is(mutant: Mutant) -> bool {
        PLANTED.get() == Some(mutant)
    }
}

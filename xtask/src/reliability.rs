//! `cargo xtask reliability`: what the code prints about itself, in `docs/reliability.md`.

use std::fs;

use crate::run::{self, Outcome};
use crate::tree::Tree;

const PAGE: &str = "docs/reliability.md";
const BEGIN: &str = "<!-- printed by cargo xtask reliability -->\n";
const END: &str = "<!-- end -->";

/// Prints the payment's table into the page, or with `check` only says whether it is stale.
///
/// # Errors
/// A build failure, a page without its marks, and with `check` a page that is stale.
pub(crate) fn run(tree: &Tree, check: bool) -> Outcome {
    let chart = run::output(&mut tree.cargo(&["run", "--quiet", "-p", "jigap", "--example", "payment_states"]))?;
    let file = tree.root.join(PAGE);
    let page = fs::read_to_string(&file).map_err(|e| format!("{PAGE}: {e}"))?;
    let printed = put(&page, &chart).ok_or_else(|| format!("{PAGE}: the marks for what is printed are not there"))?;
    match (printed == page, check) {
        (true, _) => Ok(()),
        (false, true) => Err(format!("{PAGE} is stale: run `cargo xtask reliability` and commit the result")),
        (false, false) => fs::write(&file, printed).map_err(|e| format!("{PAGE}: {e}")),
    }
}

/// The page with the chart between its marks.
fn put(page: &str, chart: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{}\n{END}{after}", chart.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_before_is_replaced_and_nothing_else() {
        let page = format!("above\n{BEGIN}old\n{END}\nbelow\n");
        let printed = put(&page, "new\n").unwrap();
        assert_eq!(printed, format!("above\n{BEGIN}new\n{END}\nbelow\n"));
        assert_eq!(put(&printed, "new\n"), Some(printed));
        assert_eq!(put("no marks", "new"), None);
    }
}

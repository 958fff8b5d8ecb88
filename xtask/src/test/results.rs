//! What each language's test runner prints, read into one sum.

use std::collections::BTreeSet;
use std::fmt;

/// Tests that passed and tests that failed. Skipped and ignored ones are neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    /// Tests that ran and held.
    pub(crate) passed: u64,
    /// Tests that ran and did not hold, and steps that failed without counting.
    pub(crate) failed: u64,
}

impl Sum {
    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { passed: self.passed.saturating_add(other.passed), failed: self.failed.saturating_add(other.failed) }
    }

    /// Of `total` tests these failed and the others passed.
    fn of(total: u64, failed: u64, skipped: u64) -> Self {
        Self { passed: total.saturating_sub(failed).saturating_sub(skipped), failed }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// `cargo test`: one `test result:` line for each binary and each crate's doc tests.
pub(crate) fn cargo(lines: &[String]) -> Sum {
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("test result: "))
        .map(|rest| Sum { passed: before(rest, " passed"), failed: before(rest, " failed;") })
        .fold(Sum::default(), Sum::plus)
}

/// Maven Surefire: the summary of each module. The line of each class says how long it took and is in that summary already.
pub(crate) fn surefire(lines: &[String]) -> Sum {
    lines
        .iter()
        .filter(|line| line.contains("Tests run: ") && !line.contains("Time elapsed"))
        .map(|line| {
            let failed = after(line, "Failures: ").saturating_add(after(line, "Errors: "));
            Sum::of(after(line, "Tests run: "), failed, after(line, "Skipped: "))
        })
        .fold(Sum::default(), Sum::plus)
}

/// `swift test`: XCTest and Swift Testing, which SwiftPM runs one after the other.
pub(crate) fn swift(lines: &[String]) -> Sum {
    xctest(lines).plus(swift_testing(lines))
}

/// XCTest prints a sum for each suite and each suite of suites; the outermost is called 'All tests', or 'Selected tests'
/// with a filter. Its count of failures is one of failed assertions, so failed tests are counted by their own lines.
fn xctest(lines: &[String]) -> Sum {
    let outermost = |line: &&String| {
        ["All tests", "Selected tests"].iter().any(|name| line.starts_with(&format!("Test Suite '{name}' ")))
            && !line.contains(" started at ")
    };
    let mut sum = Sum::default();
    let mut rest = lines.iter();
    while rest.by_ref().find(outermost).is_some() {
        let Some(line) = rest.find(|line| line.contains("Executed ")) else {
            break;
        };
        let skipped = if line.contains(" skipped") { after(line, ", with ") } else { 0 };
        sum = sum.plus(Sum::of(after(line, "Executed "), 0, skipped));
    }
    let failed = lines.iter().filter(|line| line.starts_with("Test Case '") && line.contains("' failed (")).count();
    let failed = u64::try_from(failed).unwrap_or(u64::MAX);
    Sum { passed: sum.passed.saturating_sub(failed), failed }
}

/// Swift Testing ends with one line for all; failed tests (not suites) have a line each, which begins with a mark.
fn swift_testing(lines: &[String]) -> Sum {
    let total = lines
        .iter()
        .filter_map(|line| marked(line)?.strip_prefix("Test run with "))
        .map(|rest| before(rest, " test"))
        .fold(0, u64::saturating_add);
    let failed: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| marked(line)?.strip_prefix("Test "))
        .filter(|rest| !rest.starts_with("run with "))
        .filter_map(|rest| Some(rest.split_once(" failed after ")?.0))
        .collect();
    Sum::of(total, u64::try_from(failed.len()).unwrap_or(u64::MAX), 0)
}

/// The text behind the mark of a Swift Testing line (✔ ✘ ◇ …, another one on each platform).
fn marked(line: &str) -> Option<&str> {
    let (mark, rest) = line.split_once(' ')?;
    (mark.chars().count() <= 2 && !mark.chars().any(char::is_alphanumeric)).then(|| rest.trim_start())
}

/// The number that follows a label; 0 without one.
fn after(line: &str, label: &str) -> u64 {
    let digits = line.split_once(label).map_or("", |(_, rest)| rest);
    digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The number that stands before a label; 0 without one.
fn before(line: &str, label: &str) -> u64 {
    let digits = line.split_once(label).map_or("", |(head, _)| head);
    digits.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn cargo_lines_are_summed() {
        let text = "running 3 tests\n\
            test a ... FAILED\n\
            test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 5 filtered out; finished in 0.01s\n\
            error: test failed, to rerun pass `-p x`\n\
            test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n\
            a test that prints 9 passed; 9 failed; itself";
        assert_eq!(cargo(&lines(text)), Sum { passed: 42, failed: 1 });
    }

    // As Surefire 3.5 prints it.
    #[test]
    fn surefire_modules_are_summed_and_classes_are_not() {
        let text = "[INFO] Running io.jigap.ATest\n\
            [ERROR] Tests run: 4, Failures: 1, Errors: 1, Skipped: 1, Time elapsed: 0.05 s <<< FAILURE! -- in io.jigap.ATest\n\
            [INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.01 s -- in io.jigap.BTest\n\
            [INFO] Results:\n\
            [ERROR] Tests run: 6, Failures: 1, Errors: 1, Skipped: 1\n\
            [INFO] Tests run: 10, Failures: 0, Errors: 0, Skipped: 0\n\
            [WARNING] Tests run: 3, Failures: 0, Errors: 0, Skipped: 3";
        assert_eq!(surefire(&lines(text)), Sum { passed: 13, failed: 2 });
    }

    // As Swift 6.0.3 printed it on Linux for four XCTest cases and five tests of Swift Testing.
    const SWIFT: &str = "\
Test Suite 'All tests' started at 2026-11-23 13:34:41.578
Test Suite 'debug.xctest' started at 2026-11-23 13:34:41.579
Test Suite 'A' started at 2026-11-23 13:34:41.579
Test Case 'A.testAdd' started at 2026-11-23 13:34:41.579
Test Case 'A.testAdd' passed (0.001 seconds)
Tests/T/t.swift:6: error: A.testBad : XCTAssertEqual failed: (\"3\") is not equal to (\"4\") -
Tests/T/t.swift:6: error: A.testBad : XCTAssertEqual failed: (\"1\") is not equal to (\"4\") -
Test Case 'A.testBad' failed (0.0 seconds)
Test Case 'A.testSkip' skipped (0.0 seconds)
Test Suite 'A' failed at 2026-11-23 13:34:41.581
\t Executed 3 tests, with 1 test skipped and 2 failures (0 unexpected) in 0.001 (0.001) seconds
Test Suite 'B' passed at 2026-11-23 13:34:41.581
\t Executed 1 test, with 0 failures (0 unexpected) in 0.0 (0.0) seconds
Test Suite 'debug.xctest' failed at 2026-11-23 13:34:41.581
\t Executed 4 tests, with 1 test skipped and 2 failures (0 unexpected) in 0.001 (0.001) seconds
Test Suite 'All tests' failed at 2026-11-23 13:34:41.581
\t Executed 4 tests, with 1 test skipped and 2 failures (0 unexpected) in 0.001 (0.001) seconds
◇ Test run started.
↳ Testing Library Version: 6.0.3
✘ Test later() skipped: \"later\"
✘ Test \"a named one\" recorded an issue at t.swift:11:37: Expectation failed: (tiny_add(2,2) → 4) == 5
✔ Test works() passed after 0.001 seconds.
✘ Test known() recorded a known issue at t.swift:14:40: Expectation failed: 1 == 2
✘ Test \"a named one\" failed after 0.001 seconds with 2 issues.
✘ Test p(a:) failed after 0.001 seconds with 1 issue.
✘ Test known() passed after 0.001 seconds with 1 known issue.
✘ Suite S failed after 0.001 seconds with 2 issues (including 1 known issue).
✘ Test run with 5 tests failed after 0.001 seconds with 4 issues (including 1 known issue).";

    #[test]
    fn both_swift_runners_are_read() {
        assert_eq!(xctest(&lines(SWIFT)), Sum { passed: 2, failed: 1 });
        assert_eq!(swift_testing(&lines(SWIFT)), Sum { passed: 3, failed: 2 });
        assert_eq!(swift(&lines(SWIFT)), Sum { passed: 5, failed: 3 });
    }

    #[test]
    fn swift_runs_that_pass() {
        let text = "Test Suite 'All tests' passed at 2026-11-23 13:34:41.581\n\
            \t Executed 1 test, with 0 failures (0 unexpected) in 0.0 (0.0) seconds\n\
            ✔ Test run with 12 tests in 3 suites passed after 0.1 seconds.";
        assert_eq!(swift(&lines(text)), Sum { passed: 13, failed: 0 });
        let empty = "Test Suite 'All tests' passed at 2026-11-23 13:34:41.581\n\
            \t Executed 0 tests, with 0 failures (0 unexpected) in 0.0 (0.0) seconds\n\
            ✔ Test run with 0 tests passed after 0.001 seconds.";
        assert_eq!(swift(&lines(empty)), Sum::default());
    }

    #[test]
    fn nothing_printed_is_nothing_counted() {
        for count in [cargo, surefire, swift] {
            assert_eq!(count(&[]), Sum::default());
        }
    }
}

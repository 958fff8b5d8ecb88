//! One JSON string a line in, one object a line out, in order, whatever the line is.

use jigap::code::{Inspection, Rules, Situation, inspect};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

/// The longest line that is read as a whole, in bytes: a text of 8,192 characters, each written as two escapes, and room.
const LONGEST: u64 = 256 * 1024;

/// Enough for some hundred lines.
const BUFFER: usize = 64 * 1024;

/// Answers every line until the input ends.
pub(super) fn answer(input: impl Read, output: impl Write, rules: &Rules, situation: &Situation<'_>) -> io::Result<()> {
    let mut input = BufReader::with_capacity(BUFFER, input);
    let mut output = BufWriter::with_capacity(BUFFER, output);
    let mut line = Vec::new();
    loop {
        // Whoever writes one line and waits for its answer gets it.
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
        line.clear();
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return output.flush();
        }
        let whole = line.last() == Some(&b'\n') || u64::try_from(line.len()).is_ok_and(|length| length < LONGEST);
        let inspection = if whole { of_line(&line, rules, situation) } else { Inspection::of_no_text("line_too_long") };
        if !whole {
            input.skip_until(b'\n')?;
        }
        serde_json::to_writer(&mut output, &inspection)?;
        output.write_all(b"\n")?;
    }
}

fn of_line(line: &[u8], rules: &Rules, situation: &Situation<'_>) -> Inspection {
    let Ok(line) = std::str::from_utf8(line) else { return Inspection::of_no_text("line_not_utf8") };
    match serde_json::from_str::<String>(line) {
        Ok(text) => inspect(&text, rules, situation),
        Err(_) if serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok() => {
            Inspection::of_no_text("line_not_a_string")
        }
        Err(_) => Inspection::of_no_text("line_not_json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn answers(input: &[u8]) -> Vec<Value> {
        let mut out = Vec::new();
        answer(input, &mut out, &Rules::every_scheme(), &Situation::default()).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn every_line_has_its_answer_in_order() {
        let mut input = b"\"hello\"\n\nnot json\n42\n\"\xff\"\n\"\\ud800\"\n\"00020101\\n\"\r\n".to_vec();
        input.extend(format!("\"{}\"\n", "x".repeat(300_000)).as_bytes());
        input.extend(b"[\"a\"]\n\"WIFI:T:WPA;;\"");
        let reasons: Vec<_> = answers(&input).iter().map(|a| a["reason"].as_str().unwrap().to_owned()).collect();
        assert_eq!(
            reasons,
            [
                "text",
                "line_not_json",
                "line_not_json",
                "line_not_a_string",
                "line_not_utf8",
                "line_not_a_string",
                "length_syntax",
                "line_too_long",
                "line_not_a_string",
                "wifi",
            ]
        );
        assert!(answers(b"").is_empty());
    }

    /// Gives one line at a time and looks whether the answer to the line before has been written.
    #[test]
    fn an_answer_does_not_wait_for_the_next_line() {
        use std::sync::{Arc, Mutex};
        #[derive(Clone)]
        struct Shared(Arc<Mutex<Vec<u8>>>);
        impl Write for Shared {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().write(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        struct Asking(Shared, usize);
        impl Read for Asking {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                let said = self.0.0.lock().unwrap().iter().filter(|b| **b == b'\n').count();
                assert_eq!(said, self.1);
                self.1 += 1;
                if self.1 > 3 { Ok(0) } else { (&b"\"x\"\n"[..]).read(room) }
            }
        }
        let out = Shared(Arc::default());
        answer(Asking(out.clone(), 0), out, &Rules::default(), &Situation::default()).unwrap();
    }
}

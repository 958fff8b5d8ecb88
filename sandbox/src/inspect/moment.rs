//! A moment on the command line, and on the page.

use jigap::time::ServerMs;

/// RFC 3339 (`2026-11-23T17:00:00Z`, also with an offset or as a date alone), milliseconds since 1970, or with fewer than
/// twelve digits seconds.
pub(super) fn parse(text: &str) -> Result<ServerMs, String> {
    let moment = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let number = text.parse::<i64>().ok();
        if text.len() < 12 { number.and_then(|seconds| seconds.checked_mul(1000)) } else { number }
    } else {
        rfc_3339(text)
    };
    moment.map(ServerMs).ok_or_else(|| "a time such as 2026-11-23T17:00:00Z, or milliseconds since 1970".to_owned())
}

fn rfc_3339(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        text.get(from..to).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
    };
    let stands = |at: usize, wanted: &[u8]| text.as_bytes().get(at).is_some_and(|b| wanted.contains(b));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let sound = stands(4, b"-") && stands(7, b"-") && (1..=12).contains(&month) && (1..=31).contains(&day);
    let days = sound.then(|| days_from_epoch(year, month, day)).flatten()?;
    if text.len() == 10 {
        return days.checked_mul(86_400_000);
    }
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let sound = stands(10, b"Tt ") && stands(13, b":") && stands(16, b":") && hour < 24 && minute < 60 && second < 61;
    let rest = text.get(19..).filter(|_| sound)?;
    let digits = rest.strip_prefix('.').map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let (millis, zone) = match digits {
        Some(0) => return None,
        Some(count) => {
            let end = count.checked_add(1)?;
            let thousandths: String = rest.get(1..end)?.chars().chain("000".chars()).take(3).collect();
            (thousandths.parse::<i64>().ok()?, rest.get(end..)?)
        }
        None => (0, rest),
    };
    let ahead = match zone.as_bytes() {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let two = |from: usize| zone.get(from..from.checked_add(2)?)?.parse::<u8>().ok().map(i64::from);
            let minutes = two(1).filter(|h| *h < 24)?.checked_mul(60)?.checked_add(two(4).filter(|m| *m < 60)?)?;
            if *sign == b'+' { minutes } else { minutes.checked_neg()? }
        }
        _ => return None,
    };
    let minutes =
        days.checked_mul(1440)?.checked_add(hour.checked_mul(60)?)?.checked_add(minute)?.checked_sub(ahead)?;
    minutes.checked_mul(60)?.checked_add(second)?.checked_mul(1000)?.checked_add(millis)
}

/// The moment as RFC 3339 has it, in UTC, without what is left of a second; none outside the years 0 to 9999.
pub(super) fn text(moment_ms: i64) -> Option<String> {
    let seconds = moment_ms.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // 400 years have 146,097 days; years begin in March, so that the leap day is the last.
    let shifted = days.checked_add(719_468)?;
    let (era, in_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let leaps = (in_era / 1_460).checked_sub(in_era / 36_524)?.checked_add(in_era / 146_096)?;
    let year_in_era = in_era.checked_sub(leaps)? / 365;
    let before = year_in_era.checked_mul(365)?.checked_add(year_in_era / 4)?.checked_sub(year_in_era / 100)?;
    let in_year = in_era.checked_sub(before)?;
    let from_march = in_year.checked_mul(5)?.checked_add(2)? / 153;
    let first = from_march.checked_mul(153)?.checked_add(2)? / 5;
    let day = in_year.checked_sub(first)?.checked_add(1)?;
    let early = from_march >= 10;
    let month = if early { from_march.checked_sub(9)? } else { from_march.checked_add(3)? };
    let year = era.checked_mul(400)?.checked_add(year_in_era)?.checked_add(i64::from(early))?;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    (0..=9999).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// Days from 1970-01-01 in the Gregorian calendar; counting years from March puts the leap day last.
fn days_from_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    let early = month < 3;
    let year = if early { year.checked_sub(1)? } else { year };
    let month = if early { month.checked_add(9)? } else { month.checked_sub(3)? };
    let leap_days = (year / 4).checked_sub(year / 100)?.checked_add(year / 400)?;
    let in_year = month.checked_mul(153)?.checked_add(2)?.checked_div(5)?.checked_add(day)?;
    year.checked_mul(365)?.checked_add(leap_days)?.checked_add(in_year)?.checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_it_is_read() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2026-03-19T04:32:55Z",
            "1999-12-31T00:00:01Z",
            "2100-03-01T12:00:00Z",
        ] {
            assert_eq!(super::text(parse(text).unwrap().0).as_deref(), Some(text));
        }
        assert_eq!(super::text(i64::MAX), None);
        assert_eq!(super::text(-1).as_deref(), Some("1969-12-31T23:59:59Z"));
    }

    #[test]
    fn moments_are_read_in_every_form() {
        for (text, ms) in [
            ("0", Some(0)),
            ("1690884120", Some(1_690_884_120_000)),
            ("1690884120000", Some(1_690_884_120_000)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29", Some(951_782_400_000)),
            ("2023-08-01T10:02:00Z", Some(1_690_884_120_000)),
            ("2023-08-01T18:02:00+08:00", Some(1_690_884_120_000)),
            ("2023-08-01 10:02:00.5z", Some(1_690_884_120_500)),
            ("2023-08-01T10:02:00", None),
            ("2023-13-01", None),
            ("2023-08-01T24:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(parse(text).ok(), ms.map(ServerMs), "{text}");
        }
    }
}

//! A small encoder of EMVCo merchant-presented codes, written apart from the core's reader so that each checks the other.

/// Builds a code object by object.
#[derive(Debug, Default)]
pub(crate) struct Builder(String);

impl Builder {
    /// Appends one object. The length counts characters, not bytes (EMVCo MPM §4.4.1.1).
    pub(crate) fn object(mut self, id: u8, value: &str) -> Self {
        self.0.push_str(&format!("{id:02}{:02}{value}", value.chars().count()));
        self
    }

    /// Appends a template: objects within an object.
    pub(crate) fn template(self, id: u8, fill: impl FnOnce(Self) -> Self) -> Self {
        let inner = fill(Self::default()).0;
        self.object(id, &inner)
    }

    /// Appends the checksum, object 63, over the UTF-8 bytes up to and with its own `6304` (EMVCo MPM §4.7.3).
    pub(crate) fn finish(mut self) -> String {
        self.0.push_str("6304");
        let sum = crc(self.0.as_bytes());
        self.0.push_str(&format!("{sum:04X}"));
        self.0
    }
}

/// CRC-16/CCITT-FALSE: polynomial 1021, initial value FFFF, bit by bit.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |sum: u16, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |s, _| if s & 0x8000 == 0 { s << 1 } else { (s << 1) ^ 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_of_the_standard() {
        assert_eq!(crc(b"123456789"), 0x29B1);
    }

    #[test]
    fn the_example_of_emvco_comes_out_letter_by_letter() {
        // EMVCo MPM, the example at the end of the specification (`domain.md`, vector EMV-1).
        let built = Builder::default()
            .object(0, "01")
            .object(1, "12")
            .template(29, |t| t.object(0, "D15600000000").object(5, "A93FO3230Q"))
            .template(31, |t| t.object(0, "D15600000001").object(3, "12345678"))
            .object(52, "4111")
            .object(58, "CN")
            .object(59, "BEST TRANSPORT")
            .object(60, "BEIJING")
            .template(64, |t| t.object(0, "ZH").object(1, "最佳运输").object(2, "北京"))
            .object(54, "23.72")
            .object(53, "156")
            .object(55, "01")
            .template(62, |t| t.object(3, "1234").object(6, "***").object(7, "A6008667").object(9, "ME"))
            .template(91, |t| t.object(0, "A011223344998877").object(7, "12345678"))
            .finish();
        assert_eq!(
            built,
            "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST \
             TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A6008667\
             0902ME91320016A0112233449988770708123456786304A13A"
        );
    }
}

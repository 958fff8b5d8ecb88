import Foundation

extension Duration {
    /// As Rust counts it: whole milliseconds, at least 0. What is longer than Rust can count is as long as it can.
    var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000)
        let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000_000_000))
        return overflow || carry ? .max : sum
    }
}

extension Date {
    /// Milliseconds since 1970-01-01 UTC.
    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}

extension ContinuousClock.Instant {
    /// So many milliseconds from now, by the clock that goes on while the phone sleeps.
    init(fromNow milliseconds: Int64) {
        self = ContinuousClock.now.advanced(by: .milliseconds(milliseconds))
    }

    /// How long it is until then; zero when it is over.
    var remaining: Duration { max(.zero, ContinuousClock.now.duration(to: self)) }
}

/// A value that says nothing about itself: not when it is printed, interpolated, dumped or mirrored.
///
/// Names, amounts and codes of a user end up in logs and crash reports by being printed. Read the properties to show them on
/// screen.
public protocol Redacted: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Redacted {
    /// The name of the type, and no more.
    public var description: String { "\(Self.self)(…)" }
    /// The name of the type, and no more.
    public var debugDescription: String { description }
    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

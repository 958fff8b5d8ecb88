#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Keeps the process alive when the server goes away. To be called before a wallet opens.
///
/// On Linux, writing to a connection that the other side has closed raises SIGPIPE, and a program that says nothing about that signal
/// is ended by it. Rust's programs, the JVM and Android say so at their start; a Swift program does not. The wallet's connections
/// see the error of the write itself. A program that has a handler of its own keeps it. Apple's sockets are told not to raise the
/// signal, so nothing is done there.
func surviveBrokenPipes() {
    #if os(Linux)
        _ = ignored
    #endif
}

#if os(Linux)
    private let ignored: Void = {
        var action = sigaction()
        // No handler is SIG_DFL.
        guard sigaction(SIGPIPE, nil, &action) == 0, action.__sigaction_handler.sa_handler == nil else { return }
        signal(SIGPIPE, SIG_IGN)
    }()
#endif

//! TLS connections that a fault can cut in the middle of an answer.

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use rustls::ServerConfig;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

const HANDSHAKE: Duration = Duration::from_secs(10);

/// Spoils one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cutter(Arc<Spoilt>);

#[derive(Debug, Default)]
struct Spoilt {
    cut: AtomicBool,
    /// What is written once more after the answer that is on its way.
    again: Mutex<Vec<u8>>,
}

impl Cutter {
    /// Cuts the connection: from then on nothing is read or written, not even TLS's goodbye.
    pub(crate) fn cut(&self) {
        self.0.cut.store(true, Ordering::Release);
    }

    /// Has these bytes follow the answer that is on its way.
    pub(crate) fn say_again(&self, bytes: Vec<u8>) {
        *self.again() = bytes;
    }

    fn again(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.again.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) -> io::Result<()> {
        if self.0.cut.load(Ordering::Acquire) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

/// One accepted connection.
pub(crate) struct Line {
    stream: TlsStream<TcpStream>,
    cutter: Cutter,
}

/// Accepts connections; handshakes run beside each other, so that a slow one holds nobody up.
pub(crate) struct TlsLines {
    lines: mpsc::Receiver<(Line, Cutter)>,
}

impl TlsLines {
    /// Begins to accept on this socket. Needs a running Tokio.
    pub(crate) fn new(listener: TcpListener, config: ServerConfig) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (ready, lines) = mpsc::channel(64);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    () = ready.closed() => return,
                };
                let Ok((tcp, _)) = accepted else {
                    // Out of file handles, most likely: wait for some to come back.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let (acceptor, ready) = (acceptor.clone(), ready.clone());
                tokio::spawn(async move {
                    let _ = tcp.set_nodelay(true);
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(tcp)).await {
                        let cutter = Cutter::default();
                        let _ = ready.send((Line { stream, cutter: cutter.clone() }, cutter)).await;
                    }
                });
            }
        });
        Self { lines }
    }
}

impl Listener for TlsLines {
    type Io = Line;
    type Addr = Cutter;

    async fn accept(&mut self) -> (Line, Cutter) {
        match self.lines.recv().await {
            Some(line) => line,
            // The accepting task is gone: only at shutdown.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Cutter> {
        Ok(Cutter::default())
    }
}

impl Connected<IncomingStream<'_, TlsLines>> for Cutter {
    fn connect_info(stream: IncomingStream<'_, TlsLines>) -> Self {
        stream.remote_addr().clone()
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.cutter.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cutter.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cutter.check()?;
        // The answer is written when it is flushed: what follows it goes now.
        let cutter = self.cutter.clone();
        let mut again = cutter.again();
        while !again.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &again))?;
            again.drain(..written);
        }
        drop(again);
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cutter.check()?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Binds a socket.
pub(crate) async fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

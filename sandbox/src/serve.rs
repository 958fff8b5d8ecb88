//! `serve`: the gateway over HTTPS and its administration over plain HTTP on this machine.

use crate::documents::{Documents, Keys};
use crate::faults::Faults;
use crate::gateway::{Gateway, Switches};
use crate::line::{Cutter, TlsLines, bind};
use crate::state::offline::Issuer;
use crate::state::{Store, orders, published};
use crate::{admin, keys, routes, tls};
use clap::Args;
use jigap::crypto::PublicKey;
use serde::Serialize;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long requests that are under way may take to end at shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// How the gateway is to run.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Where wallets reach the gateway, over HTTPS; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Where tests and shops reach the administration, over plain HTTP; only on this machine
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub admin_listen: SocketAddr,
    /// Folder for database, keys and certificates; made when it is not there
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// How long a quote holds, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 180_000, value_parser = clap::value_parser!(i64).range(1..))]
    pub quote_ms: i64,
    /// How long a shown code can be scanned, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 60_000, value_parser = clap::value_parser!(i64).range(1..))]
    pub code_ms: i64,
    /// Stop when standard input closes, so that no server outlives the test that started it
    #[arg(long)]
    pub stop_with_stdin: bool,
}

/// Where a running gateway is and whom to trust: the first line on standard output.
#[derive(Debug, Clone, Serialize)]
pub struct Addresses {
    /// `https://127.0.0.1:PORT`.
    pub gateway: String,
    /// The file with the certificate authority.
    pub ca: PathBuf,
    /// `http://127.0.0.1:PORT`.
    pub admin: String,
    /// Signs the configuration.
    pub config_key: PublicKey,
    /// Signs the consent documents.
    pub controller_key: PublicKey,
}

/// A running gateway.
#[derive(Debug)]
pub struct Running {
    /// Where it is.
    pub addresses: Addresses,
    stop: watch::Sender<bool>,
    servers: [JoinHandle<io::Result<()>>; 2],
}

/// Starts a gateway inside a running Tokio.
///
/// # Errors
/// When the folder, the database, the keys or the sockets cannot be had, or the administration would listen beyond this
/// machine.
pub async fn start(options: &Options) -> io::Result<Running> {
    if !options.admin_listen.ip().is_loopback() {
        return Err(io::Error::other("--admin-listen: the administration is for this machine only"));
    }
    std::fs::create_dir_all(&options.state)?;
    // Commands are given from other folders.
    let state = options.state.canonicalize()?;
    let tls = tls::server_config(&state)?;
    let key = |name: &str| keys::load_or_make(&state.join(name));
    let signers = Keys { config: key("config.pk8")?, controller: key("controller.pk8")?, log: key("log.pk8")? };
    let store = Store::open(&state.join("gateway.db")).map_err(io::Error::other)?;
    let changes = store.write(published::load).map_err(|r| io::Error::other(r.word()))?;
    let documents = Documents::sign(signers, changes).map_err(|r| io::Error::other(r.word()))?;
    let trusted = documents.trusted().clone();
    store.write(orders::print_wall_codes).map_err(|r| io::Error::other(r.word()))?;
    let issuer = Issuer { master: keys::secret_or_make(&state.join("offline.key"))?, key: key("config.pk8")? };
    let gateway = Arc::new(Gateway {
        store,
        documents,
        faults: Faults::default(),
        switches: Switches::default(),
        issuer,
        quote_ms: options.quote_ms,
        code_ms: options.code_ms,
    });

    let (listener, address) = bind(options.listen).await?;
    let (admin_listener, admin_address) = bind(options.admin_listen).await?;
    let (stop, stopped) = watch::channel(false);
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        // An error means that the sender is gone: a reason to stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let service = routes::router(gateway.clone()).into_make_service_with_connect_info::<Cutter>();
    let server = axum::serve(TlsLines::new(listener, tls), service).with_graceful_shutdown(wait(stopped.clone()));
    let admin = axum::serve(admin_listener, admin::router(gateway)).with_graceful_shutdown(wait(stopped));
    let servers = [tokio::spawn(server.into_future()), tokio::spawn(admin.into_future())];
    let addresses = Addresses {
        gateway: format!("https://{address}"),
        ca: tls::ca_path(&state),
        admin: format!("http://{admin_address}"),
        config_key: trusted.config_key,
        controller_key: trusted.controller_key,
    };
    Ok(Running { addresses, stop, servers })
}

impl Running {
    /// Stops: nothing new is accepted, and what is under way gets a few seconds to end.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for server in self.servers {
            let abort = server.abort_handle();
            if tokio::time::timeout(GRACE, server).await.is_err() {
                abort.abort();
            }
        }
    }
}

/// Runs until a signal comes, or standard input closes where that was asked for.
///
/// # Errors
/// As [`start`], and when standard output cannot be written or signals cannot be heard.
pub fn run(options: &Options) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        // Before the first line: whoever has read it may already send a signal.
        let asked_to_stop = stop_requests(options.stop_with_stdin)?;
        let running = start(options).await?;
        eprintln!("jigap-sandbox: for developers and tests, never for production");
        let mut out = io::stdout();
        writeln!(out, "{}", serde_json::to_string(&running.addresses)?)?;
        out.flush()?;
        asked_to_stop.await;
        running.stop().await;
        Ok(())
    });
    // A blocked read of standard input must not hold the process.
    runtime.shutdown_background();
    ended
}

/// Begins to listen for requests to stop; the future ends with the first one.
fn stop_requests(with_stdin: bool) -> io::Result<impl Future<Output = ()>> {
    let (ask, mut asked) = watch::channel(false);
    if with_stdin {
        let ask = ask.clone();
        std::thread::spawn(move || {
            let mut sink = [0; 256];
            while matches!(io::stdin().read(&mut sink), Ok(1..)) {}
            let _ = ask.send(true);
        });
    }
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
            let (mut signals, ask) = (signal(kind)?, ask.clone());
            tokio::spawn(async move {
                signals.recv().await;
                let _ = ask.send(true);
            });
        }
    }
    #[cfg(not(unix))]
    {
        let ask = ask.clone();
        tokio::spawn(async move {
            let _ = tokio::signal::ctrl_c().await;
            let _ = ask.send(true);
        });
    }
    Ok(async move {
        let _ = asked.wait_for(|stop| *stop).await;
        drop(ask);
    })
}

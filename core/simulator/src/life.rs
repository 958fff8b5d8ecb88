//! One life of a wallet, from one seed.

use crate::disk::{Disk, Image, Survival, Trouble};
use crate::gateway::{Fault, Gateway, SECRET, SECRET_DIGITS, networks};
use crate::model::{Model, Purchase, purchase_of};
use crate::report::Report;
use crate::rng::Rng;
use crate::say;
use crate::vfs;
use crate::world::{BEGIN, Mischief, VaultMood, World, enter, keys, ports, set_wallet, sign, wallet, world};
use jigap::app::{Checkout, ConsentAnswer, PreviewView, Setup, Status, Stepped, Ticket, Trust};
use jigap::consent::Shown;
use jigap::error::{Code, Error, Result};
use jigap::id::Id;
use jigap::money::Money;
use jigap::network::Network;
use jigap::payment::{Proof, ProofMethod, State};
use jigap::store::{Disk as Place, TaskKind};
use jigap::wallet::Balance;
use rusqlite::{Connection, OpenFlags};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Once;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The longest the engine may be busy without time passing to speak of: more is a loop without an end.
const MOST_STEPS: u32 = 4_000;
/// How long everything has to be well until nothing may be left open: an hour, and a little for the last question.
const HEALTHY_MS: i64 = 3_900_000;
/// The user waits this long at most for one thing.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// How a life begins.
#[derive(Clone)]
struct Start {
    image: Image,
    gateway: Gateway,
    consents: [Option<bool>; 2],
    now: i64,
    witness: Option<Vec<u8>>,
}

thread_local! {
    static STARTS: RefCell<Vec<Rc<Start>>> = const { RefCell::new(Vec::new()) };
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// Counts panics instead of printing them: the wallet catches its own, and I13 wants to know.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.with(|panics| panics.set(panics.get() + 1));
            if world_is_read() {
                before(info);
            }
        }));
    });
}

thread_local! {
    static READ: Cell<bool> = const { Cell::new(false) };
}

fn world_is_read() -> bool {
    READ.with(Cell::get)
}

/// Plays the life of this seed. With a trace, its story is kept.
pub fn play(seed: u64, trace: bool) -> (Report, Vec<String>) {
    vfs::register();
    count_panics();
    starts();
    READ.with(|read| read.set(trace));
    PANICS.with(|panics| panics.set(0));
    let mut rng = Rng::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6a69_6761_7021);
    let start = choose_start(&mut rng);
    enter(Some(begin(&start, rng, trace)));
    vfs::start(Disk::holding(&start.image));
    let ended = catch_unwind(AssertUnwindSafe(|| Life::default().run()));
    let panics = PANICS.with(Cell::get);
    let closed = catch_unwind(AssertUnwindSafe(|| set_wallet(None)));
    let mut world = enter(None).expect("the life's world");
    world.depth = 0;
    world.must(ended.is_ok() && closed.is_ok() && panics == 0, "I13 no panic", || format!("{panics} panics"));
    world.report.lives = 1;
    world.report.violations.truncate(3);
    (world.report, world.trace.unwrap_or_default())
}

fn begin(start: &Start, mut rng: Rng, trace: bool) -> World {
    let wallet_rng = Rng::new(rng.next());
    World {
        now: start.now,
        wall_off: 0,
        booted: BEGIN - 10_000_000,
        boot: 1,
        rng,
        wallet_rng,
        vault: VaultMood::Ready,
        gateway: start.gateway.clone(),
        mischief: Mischief::default(),
        model: Model { consents: start.consents, ..Model::default() },
        report: Report::default(),
        trace: trace.then(Vec::new),
        depth: 0,
        exchanges: 0,
        witness: (start.witness.clone(), 0),
        lag: 0,
        balance_told: false,
        time_known: true,
    }
}

/// The disks that lives begin with: empty, enrolled, and with both consents given.
fn starts() {
    if STARTS.with_borrow(|starts| !starts.is_empty()) {
        return;
    }
    let empty =
        Start { image: Image::default(), gateway: Gateway::default(), consents: [None; 2], now: BEGIN, witness: None };
    enter(Some(begin(&empty, Rng::new(1), true)));
    vfs::start(Disk::default());
    let life = Life::default();
    let mut starts = vec![Rc::new(empty)];
    let mut keep = |consents| {
        set_wallet(None);
        let image = vfs::with(|disk| disk.image());
        let gateway = world(|world| world.gateway.clone());
        let (now, witness) = world(|world| (world.now, world.witness.0.clone()));
        starts.push(Rc::new(Start { image, gateway, consents, now, witness }));
        let wallet = open().expect("the wallet opens on a good day");
        set_wallet(Some(Rc::new(wallet)));
    };
    set_wallet(Some(Rc::new(open().expect("a new wallet opens"))));
    assert!(
        life.enrol(),
        "a device enrols on a good day: {}",
        world(|world| world.trace.clone().unwrap_or_default().join("\n"))
    );
    keep([Some(false); 2]);
    for network in networks() {
        life.answer(network, true);
    }
    life.drive(10_000);
    keep([Some(true); 2]);
    set_wallet(None);
    enter(None);
    STARTS.with_borrow_mut(|kept| *kept = starts);
}

fn choose_start(rng: &mut Rng) -> Rc<Start> {
    let at = match rng.below(32) {
        0 => 0,
        1..=3 => 1,
        _ => 2,
    };
    STARTS.with_borrow(|starts| Rc::clone(&starts[at]))
}

fn open() -> Result<Stepped> {
    let trust = keys(|keys| Trust { config: keys.config.public(), controller: keys.controller.public() });
    Stepped::open(Setup { folder: PathBuf::from("/sim"), trust }, ports(), Place::Vfs(vfs::NAME))
}

/// The state that the wallet found this payment in when it started: the journal's line before the newest.
fn state_before(key: Id) -> Option<&'static str> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = Connection::open_with_flags_and_vfs("/sim/wallet.db", flags, vfs::NAME).ok()?;
    let sql = "SELECT state FROM journal WHERE subject = ?1 ORDER BY seq DESC LIMIT 1 OFFSET 1";
    let state: String = db.query_row(sql, [key.0], |row| row.get(0)).ok()?;
    State::parse(&state).map(State::as_str)
}

fn alive() -> bool {
    !vfs::with(|disk| disk.dead())
}

/// Looks whether a ticket has its outcome. One that the wallet delivers to a dead process reaches nobody.
fn delivered<T>(ticket: &mut Ticket<T>) -> Option<Result<T>> {
    let polled = Pin::new(ticket).poll(&mut Context::from_waker(Waker::noop()));
    match polled {
        Poll::Ready(result) if alive() => Some(result),
        _ => None,
    }
}

/// The user pulls the screen down while something else is under way.
pub(crate) fn refresh_meanwhile(wallet: &Rc<Stepped>) {
    let mut ticket = wallet.refresh();
    while wallet.serve() {}
    let _ = delivered(&mut ticket);
    Life::default().look();
}

/// A withdrawal by the user while something else is under way.
pub(crate) fn withdraw_meanwhile(wallet: &Rc<Stepped>) {
    let network = networks()[usize::from(world(|world| world.rng.one_in(3)))];
    Life::default().withdraw_with(wallet, network);
}

#[derive(Default)]
struct Life {
    /// A copy of the folder, and how often the key store had been told of the records by then.
    backup: RefCell<Option<(Image, u64)>>,
    damaged: Cell<bool>,
}

impl Life {
    fn run(&self) {
        self.set_the_scene();
        self.revive(None);
        let steps = world(|world| world.rng.between(4, 12));
        for _ in 0..steps {
            if self.damaged.get() {
                break;
            }
            if alive() {
                self.step();
            }
            if !alive() {
                self.after_death();
            } else {
                self.look();
            }
        }
        self.settle();
    }

    /// What may go wrong in this life.
    fn set_the_scene(&self) {
        world(|world| {
            let rng = &mut world.rng;
            world.mischief.exchange = *rng.pick(&[0, 2, 3, 5, 10]);
            world.mischief.meanwhile = *rng.pick(&[0, 0, 3, 6]);
            if rng.one_in(2) {
                let some = rng.between(1, 3);
                world.mischief.faults = (0..some).map(|_| *rng.pick(&Fault::ALL)).collect();
            }
            world.gateway.quote_ms = *rng.pick(&[20_000, 180_000, 180_000, 1_800_000]);
            world.gateway.code_ms = *rng.pick(&[60_000, 60_000, 300_000]);
            world.gateway.pending = *rng.pick(&[0, 3, 6]);
        });
    }

    fn step(&self) {
        match world(|world| world.rng.below(40)) {
            0..=11 => self.buy(),
            12..=15 => self.show(),
            16 => self.withdraw(),
            17..=18 => self.agree(),
            19..=22 => self.plan_death(),
            23 => self.trouble(),
            24..=26 => {
                let ms = world(|world| *world.rng.pick(&[1_000, 30_000, 200_000, 900_000]));
                self.drive(ms);
            }
            27 => self.sleep(),
            28 => self.jump(),
            29 => self.outage(),
            30 => self.vault(),
            31 => {
                world(|world| {
                    world.report.count("new consent document");
                    world.gateway.change_config();
                });
                self.refresh();
            }
            32 => self.refresh(),
            33 => self.keep_backup(),
            34 => self.restore_backup(),
            35 => {
                say!("the process is killed");
                vfs::with(Disk::die);
            }
            36 => {
                world(|world| {
                    world.report.count("gateway restarted");
                    world.gateway.restart();
                });
            }
            37 => self.wish(),
            38 => {
                say!("a push arrives");
                world(|world| world.report.count("push"));
                let _ = wallet().map(|wallet| wallet.pushed());
                self.drive(3_000);
            }
            _ => self.drive(5_000),
        }
    }

    // ---- The process and its disk ----------------------------------------------------------------------------

    fn plan_death(&self) {
        let operations = world(|world| *world.rng.pick(&[1, 2, 3, 5, 8, 13, 21, 34, 55]));
        let operations = world(|world| world.rng.between(1, operations));
        say!("the process will die at disk operation {operations} from now");
        vfs::with(|disk| disk.die_in(operations as u64));
        world(|world| world.report.count("killed at a disk operation"));
        // Most deaths should meet money.
        match world(|world| world.rng.below(4)) {
            0 | 1 => self.buy(),
            2 => self.show(),
            _ => self.drive(60_000),
        }
    }

    fn trouble(&self) {
        let (at, count) = world(|world| (world.rng.between(1, 20), world.rng.between(1, 6)));
        let trouble = if world(|world| world.rng.one_in(2)) { Trouble::Full } else { Trouble::Error };
        world(|world| {
            world.report.count(if trouble == Trouble::Full { "disk full" } else { "disk error" });
        });
        say!("{count} disk operations from {at} on meet {trouble:?}");
        vfs::with(|disk| disk.trouble_in(at as u64, count as u64, trouble));
        self.buy();
        vfs::with(Disk::calm);
    }

    /// The process is dead. The phone lives on, or power was lost too.
    fn after_death(&self) {
        let survival = world(|world| {
            // Most deaths are the process's alone.
            if world.rng.one_in(2) { Survival::ProcessKill } else { *world.rng.pick(&Survival::ALL) }
        });
        self.revive(Some(survival));
        if alive() && !self.damaged.get() {
            self.look();
        }
    }

    /// Starts the wallet, as often as it takes.
    fn revive(&self, survival: Option<Survival>) {
        let mut survival = survival;
        for attempt in 0..12 {
            set_wallet(None);
            if let Some(survival) = survival {
                self.back_from(survival);
            }
            if attempt < 3 && world(|world| world.rng.one_in(12)) {
                let at = world(|world| world.rng.between(1, 30));
                vfs::with(|disk| disk.die_in(at as u64));
            }
            if attempt > 8 {
                world(|world| world.vault = VaultMood::Ready);
            }
            match open() {
                Ok(wallet) if alive() => {
                    say!("the wallet opens");
                    world(|world| world.report.count("wallet opened"));
                    for key in wallet.recovered().payments.iter().copied() {
                        let state = state_before(key);
                        world(|world| {
                            world.report.count("payment taken up again");
                            state.into_iter().for_each(|state| world.report.met(state, "woke"));
                        });
                    }
                    set_wallet(Some(Rc::new(wallet)));
                    self.after_opening();
                    return;
                }
                Ok(wallet) => drop(wallet),
                Err(_) if !alive() => {}
                Err(error) if matches!(error.code(), Code::VaultUnavailable | Code::VaultKeyLost) => {
                    say!("the wallet does not open: {error}");
                    world(|world| {
                        world.pass(30_000);
                        if world.rng.one_in(2) {
                            world.vault = VaultMood::Ready;
                        }
                    });
                    survival = None;
                    continue;
                }
                Err(error) => {
                    let rolled = world(|world| world.model.rolled_back);
                    world(|world| {
                        world.report.count("wallet refused its database");
                        world.must(rolled, "I11 what was not tampered with opens", || error.to_string());
                    });
                    self.damaged.set(true);
                    return;
                }
            }
            survival = Some(world(|world| *world.rng.pick(&Survival::ALL)));
        }
        world(|world| world.violation("I13 no deadlock", "the wallet never opens again".to_owned()));
        self.damaged.set(true);
    }

    /// What is on the disk when the phone comes back.
    fn back_from(&self, survival: Survival) {
        world(|world| {
            world.report.count(match survival {
                Survival::ProcessKill => "process killed",
                Survival::DropUnsynced => "power lost, all unsynced gone",
                Survival::AnySector => "power lost, sectors by chance",
                Survival::PrefixTorn => "power lost, torn in order",
                Survival::DropOneIn16 => "power lost, one in 16 gone",
            });
            world.tell(format!("died; comes back by {survival:?}"));
            world.pass(2_000);
        });
        if survival == Survival::ProcessKill {
            let disk = vfs::with(std::mem::take);
            vfs::start(disk.after_kill());
            return;
        }
        let mut rng = world(|world| Rng::new(world.rng.next()));
        let mut image = vfs::with(|disk| disk.survivors(survival, &mut rng));
        if rng.one_in(60) {
            image.rot(&mut rng);
            world(|world| {
                world.report.count("a bit flipped");
                world.tell("a bit of the disk flipped".to_owned());
                (world.model.rolled_back, world.model.rotten) = (true, true);
                world.model.purchases.iter_mut().for_each(|purchase| purchase.frozen = true);
                world.model.consents = [None; 2];
            });
        }
        self.reboot(0);
        vfs::start(Disk::holding(&image));
    }

    fn reboot(&self, off_ms: i64) {
        world(|world| {
            world.now += off_ms;
            world.boot = world.boot.wrapping_add(1);
            world.booted = world.now;
            world.time_known = false;
            world.report.count("phone restarted");
        });
    }

    /// What the user saw before is still there; what was in doubt is decided.
    fn after_opening(&self) {
        let Some(wallet) = wallet() else { return };
        let behind = wallet.condition().is_ok_and(|condition| condition.behind);
        world(|world| {
            let rolled = world.model.rolled_back;
            world.must(!behind || rolled, "I11 what was not tampered with opens", || "taken for a rollback".to_owned());
        });
        if let Ok(views) = wallet.networks() {
            world(|world| {
                for (at, network) in networks().into_iter().enumerate() {
                    let now = views.iter().any(|view| view.network == network && view.consented);
                    let before = world.model.consents[at];
                    let rolled = world.model.rolled_back;
                    // A consent may also have ended by itself, when another document came in force.
                    world
                        .must(before != Some(false) || !now || rolled, "I9 a withdrawal stays", || network.to_string());
                    world.model.consents[at] = Some(now);
                }
            });
        }
        self.look();
    }

    fn keep_backup(&self) {
        let image = vfs::with(|disk| disk.image());
        let told = world(|world| {
            world.report.count("backup made");
            world.witness.1
        });
        *self.backup.borrow_mut() = Some((image, told));
    }

    /// The user puts the whole folder back to an older state.
    fn restore_backup(&self) {
        let Some((image, told)) = self.backup.borrow_mut().take() else { return };
        say!("the folder is put back to an older state");
        set_wallet(None);
        world(|world| {
            world.report.count("backup restored");
            world.model.rolled_back = true;
            world.model.purchases.iter_mut().for_each(|purchase| purchase.frozen = true);
            world.model.consents = [None; 2];
        });
        vfs::start(Disk::holding(&image));
        let newer = world(|world| world.witness.1 > told);
        self.revive(None);
        // Told of records that are not there any more, the key store gives the rollback away (I11).
        if let (true, Some(wallet)) = (newer && alive(), wallet()) {
            let seen = wallet.condition().is_ok_and(|condition| condition.behind);
            world(|world| {
                // Newer words of the key store may still be about records that the backup has.
                world.report.count(if seen {
                    "rollback noticed at the start"
                } else {
                    "rollback not noticed at the start"
                });
            });
        }
    }

    // ---- The phone ----------------------------------------------------------------------------------------------

    fn sleep(&self) {
        let ms = world(|world| {
            world.report.count("phone slept");
            *world.rng.pick(&[60_000, 1_800_000, 8 * 3_600_000])
        });
        say!("the phone sleeps for {} s", ms / 1000);
        world(|world| world.pass(ms));
        if let Some(wallet) = wallet() {
            wallet.resumed();
        }
        self.drive(2_000);
    }

    fn jump(&self) {
        let off = world(|world| {
            world.report.count("wall clock set");
            *world.rng.pick(&[-86_400_000, -3_600_000, 3_600_000, 86_400_000])
        });
        say!("the wall clock is set by {} s", off / 1000);
        world(|world| world.wall_off += off);
        if world(|world| world.rng.one_in(2)) {
            say!("and the phone restarts");
            vfs::with(Disk::die);
        }
    }

    fn outage(&self) {
        self.lose_the_way();
        self.buy();
    }

    fn lose_the_way(&self) {
        world(|world| {
            let ms = *world.rng.pick(&[20_000, 200_000, 900_000]);
            world.mischief.outage_until = world.now + ms;
            world.report.count("gateway out of reach for a while");
            world.tell(format!("the gateway is out of reach for {} s", ms / 1000));
        });
    }

    fn vault(&self) {
        world(|world| {
            world.vault = *world.rng.pick(&[
                VaultMood::Slow(3_000),
                VaultMood::Slow(500),
                VaultMood::Unavailable,
                VaultMood::KeyLost,
                VaultMood::Ready,
            ]);
            let mood = world.vault;
            world.tell(format!("the key store is {mood:?}"));
        });
        self.buy();
        if world(|world| world.rng.one_in(2)) {
            world(|world| world.vault = VaultMood::Ready);
        }
    }

    // ---- The engine ---------------------------------------------------------------------------------------------

    /// Lets the wallet's threads work for so long.
    fn drive(&self, ms: i64) {
        let Some(wallet) = wallet() else { return };
        let end = world(|world| world.now) + ms;
        let mut steps = 0;
        while alive() && world(|world| world.now) <= end {
            steps += 1;
            if steps > MOST_STEPS {
                world(|world| world.violation("I13 no deadlock", "the engine never comes to rest".to_owned()));
                return;
            }
            while wallet.serve() {}
            let pause = wallet.work();
            if world(|world| std::mem::take(&mut world.balance_told)) {
                self.look_at_balance();
            }
            let Some(pause) = pause else { continue };
            wallet.announce();
            let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX).max(1);
            let left = end - world(|world| world.now);
            // Nothing owed until then: nothing will happen by itself.
            let later = |task: &jigap::store::Task| {
                task.due.0 > end + 86_400_000 || task.kind == TaskKind::CheckDay && task.due.0 > end
            };
            if pause >= 60_000 && wallet.look(|view| view.tasks()).is_ok_and(|tasks| tasks.iter().all(later)) {
                world(|world| world.pass(left));
                return;
            }
            world(|world| world.pass(pause.min(left + 1)));
        }
        wallet.announce();
    }

    /// The user looks at the history.
    fn look(&self) {
        let Some(wallet) = wallet() else { return };
        let page = wallet.history(None, 200);
        if !alive() {
            return;
        }
        let mut page = match page {
            Ok(page) => page,
            Err(error) => {
                return world(|world| {
                    // A disk may fail for a moment; what was written verifies, unless a bit flipped.
                    let sound = world.model.rotten || error.code() != Code::StoreDamaged;
                    world.must(sound, "I11 the store can be read", || error.to_string());
                });
            }
        };
        page.payments.reverse();
        world(|world| world.audit(&page.payments));
        self.look_at_balance();
    }

    /// The balance is on the same screen, and told anew whenever it changes.
    fn look_at_balance(&self) {
        let Some(wallet) = wallet() else { return };
        let balance = wallet.look(|view| {
            let asked = view.tasks()?.iter().any(|task| task.kind == TaskKind::FetchBalance);
            Ok(view.setting::<Balance>()?.map(|balance| (balance.version, asked)))
        });
        if let (Ok(Some((version, asked))), true) = (balance, alive()) {
            world(|world| world.audit_balance(version, asked));
        }
    }

    // ---- The user -----------------------------------------------------------------------------------------------

    fn enrol(&self) -> bool {
        let Some(wallet) = wallet() else { return false };
        if wallet.enrolled() {
            return true;
        }
        let mut ticket = wallet.enrol("demo".to_owned(), keys(|keys| keys.user.public()));
        while wallet.serve() {}
        match delivered(&mut ticket) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                say!("user: reads {error}");
                false
            }
            None => false,
        }
    }

    fn answer(&self, network: Network, agreed: bool) {
        let Some(wallet) = wallet() else { return };
        let mut ticket = wallet.consent_request(network, "en".to_owned());
        while wallet.serve() {}
        let Some(Ok(request)) = delivered(&mut ticket) else { return };
        let shown =
            Shown { locale: "en".to_owned(), font_pt: 12, scrolled_to_end: true, dwell_ms: 4_000, ..Shown::default() };
        let answer = ConsentAnswer {
            network,
            document: request.main.document,
            agreed,
            choices: Vec::new(),
            shown,
            proof: None,
            guardian: None,
        };
        let at = networks().iter().position(|known| *known == network).expect("a known network");
        world(|world| world.model.consents[at] = None);
        let mut ticket = wallet.answer_consent(answer);
        while wallet.serve() {}
        match delivered(&mut ticket) {
            Some(Ok(())) => world(|world| world.model.consents[at] = Some(agreed)),
            Some(Err(error)) => say!("user: the answer is not kept: {error}"),
            None => {}
        }
        say!("user: answers {agreed} for {network}");
        world(|world| world.report.count("consent answered"));
    }

    fn agree(&self) {
        if !self.enrol() {
            return;
        }
        let (network, agreed) = world(|world| (networks()[world.rng.below(2) as usize], !world.rng.one_in(6)));
        self.answer(network, agreed);
    }

    fn withdraw(&self) {
        let Some(wallet) = wallet() else { return };
        let network = networks()[world(|world| world.rng.below(2)) as usize];
        self.withdraw_with(&wallet, network);
    }

    fn withdraw_with(&self, wallet: &Rc<Stepped>, network: Network) {
        let at = networks().iter().position(|known| *known == network).expect("a known network");
        let mut ticket = wallet.withdraw_consent(network);
        let before = world(|world| std::mem::take(&mut world.model.consents[at]));
        while wallet.serve() {}
        match delivered(&mut ticket) {
            Some(Ok(())) => world(|world| {
                world.model.consents[at] = Some(false);
                world.report.count("consent withdrawn");
                if world.depth > 0 {
                    world.report.count("consent withdrawn in mid-flight");
                }
                world.tell(format!("user: withdraws the consent for {network}"));
            }),
            // Refused before anything was written, or not known.
            Some(Err(error)) if error.code() == Code::EnrolmentNeeded => {
                world(|world| world.model.consents[at] = before);
            }
            _ => {}
        }
    }

    fn refresh(&self) {
        let Some(wallet) = wallet() else { return };
        let mut ticket = wallet.refresh();
        while wallet.serve() {}
        let _ = delivered(&mut ticket);
        self.drive(100);
    }

    /// A purchase that may be paid now: a new one, or one that the wallet says was not charged.
    fn purchase(&self) -> Option<usize> {
        let wallet = wallet()?;
        let page = wallet.history(None, 200).ok()?;
        if !alive() {
            return None;
        }
        world(|world| {
            let open = (0..world.model.purchases.len()).find(|n| {
                let mut of = page.payments.iter().filter(|view| purchase_of(view) == Some(*n));
                !world.model.purchases[*n].frozen
                    && of.all(|v| matches!(v.status, Status::NotSent | Status::Declined | Status::Cancelled))
            });
            if let Some(open) = open.filter(|_| !world.rng.one_in(4)) {
                world.report.count("purchase tried again");
                return Some(open);
            }
            let n = world.model.purchases.len();
            let (fixed, which) = (world.rng.one_in(2), if world.rng.one_in(4) { "u" } else { "a" });
            let kind = if fixed { "order" } else { "entry" };
            world.model.purchases.push(Purchase {
                code: format!("https://pay.example/{which}-{kind}/{SECRET}{n}"),
                fixed,
                yen: world.rng.between(100, 5_000),
                agreed: Vec::new(),
                in_doubt: false,
                frozen: false,
            });
            Some(n)
        })
    }

    fn buy(&self) {
        if !self.enrol() {
            return;
        }
        self.look();
        let Some(n) = self.purchase() else { return };
        let Some(preview) = self.prepare(n) else { return };
        let think = world(|world| *world.rng.pick(&[1_000, 5_000, 5_000, 60_000, 200_000]));
        self.drive(think);
        if world(|world| world.rng.one_in(6)) {
            // Between the price and the proof the way to the gateway is lost.
            self.lose_the_way();
        }
        self.pay(n, &preview);
        let wait = world(|world| *world.rng.pick(&[0, 0, 1_000, 10_000, 60_000]));
        self.drive(wait);
    }

    /// The user wants a payment cancelled, or its money back.
    fn wish(&self) {
        let Some(wallet) = wallet() else { return };
        let Ok(page) = wallet.history(None, 200) else { return };
        let Some(view) = page.payments.first().filter(|_| alive()) else { return };
        let cancel = world(|world| world.rng.one_in(2));
        let state =
            wallet.look(|view_of| view_of.payment(view.id)).ok().flatten().map(|record| record.payment.state.as_str());
        world(|world| {
            world.report.count(if cancel { "cancel wanted" } else { "refund wanted" });
            world.tell(format!("user: wants {} {}", view.id, if cancel { "cancelled" } else { "refunded" }));
            if let Some(state) = state {
                world.report.met(state, if cancel { "cancel_asked" } else { "refund_asked" });
            }
        });
        let mut ticket = if cancel { wallet.cancel(view.id) } else { wallet.request_refund(view.id) };
        while wallet.serve() {}
        if let Some(Ok(view)) = delivered(&mut ticket)
            && cancel
            && view.status == Status::Cancelling
        {
            world(|world| world.model.cancels.insert(view.id));
        }
        self.look();
        let wait = world(|world| *world.rng.pick(&[0, 5_000, 60_000]));
        self.drive(wait);
    }

    fn prepare(&self, n: usize) -> Option<PreviewView> {
        let wallet = wallet()?;
        let purchase = world(|world| world.model.purchases[n].clone());
        let yen = Money::from_minor(crate::gateway::rate().from, purchase.yen);
        let amount = (!purchase.fixed).then_some(yen);
        say!("user: scans the code of purchase {n}");
        let mut ticket = wallet.prepare(Checkout { code: purchase.code.clone(), network: None, amount });
        while wallet.serve() {}
        match delivered(&mut ticket)? {
            Ok(preview) => {
                let right = preview.amount == yen;
                world(|world| {
                    world.must(right, "I2 the charge is what was agreed", || format!("preview of purchase {n}"))
                });
                Some(preview)
            }
            Err(error) => {
                say!("user: reads {error}");
                world(|world| world.report.count("prepare refused"));
                if error.code() == Code::ConsentNeeded && world(|world| world.rng.one_in(2)) {
                    let at = usize::from(purchase.code.contains("/u-"));
                    self.answer(networks()[at], true);
                }
                None
            }
        }
    }

    fn pay(&self, n: usize, preview: &PreviewView) {
        let Some(wallet) = wallet() else { return };
        let signature = keys(|keys| sign(&keys.user, &preview.challenge));
        let proof = Proof { method: ProofMethod::Pin, signature };
        world(|world| {
            world.model.purchases[n].agreed.push(preview.home.minor());
            world.model.purchases[n].in_doubt = true;
            world.tell(format!("user: agrees to {} won for purchase {n}", preview.home.minor()));
        });
        let taps = world(|world| if world.rng.one_in(4) { 2 } else { 1 });
        if taps == 2 {
            world(|world| world.report.count("two taps"));
        }
        let mut tickets: Vec<_> = (0..taps).map(|_| wallet.pay(preview.id, proof.clone())).collect();
        if world(|world| world.rng.one_in(8)) {
            world(|world| world.report.count("ticket thrown away"));
            tickets.clear();
        }
        // The second tap may come while the engine is at work already.
        if taps == 2 && world(|world| world.rng.one_in(2)) {
            wallet.serve();
            wallet.work();
        }
        while wallet.serve() {}
        let results: Vec<_> = tickets.iter_mut().filter_map(delivered).collect();
        let ids: Vec<Id> = results.iter().filter_map(|result| result.as_ref().ok()).map(|view| view.id).collect();
        world(|world| {
            world.must(ids.windows(2).all(|two| two[0] == two[1]), "I1 one charge a purchase", || {
                format!("two taps on one preview are two payments: {ids:?}")
            })
        });
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            say!("user: reads {error}");
            world(|world| world.report.count("pay refused"));
        }
        if let Some(id) = ids.first() {
            // It was told: from now on it is there.
            let there = wallet.payment(*id);
            if alive() {
                world(|world| {
                    world.report.count("payment begun");
                    let gone = there.as_ref().err().is_some_and(|error| error.code() == Code::PaymentUnknown);
                    world.must(!gone, "I3 what was shown stays", || format!("{id} is not there"));
                });
                let mut waiting = wallet.settled(*id, PATIENCE);
                wallet.announce();
                let _ = delivered(&mut waiting);
                self.look();
            }
        }
    }

    fn show(&self) {
        if !self.enrol() {
            return;
        }
        let Some(wallet) = wallet() else { return };
        let network = networks()[usize::from(!world(|world| world.rng.one_in(3)))];
        let mut ticket = wallet.show(network, "JP".to_owned());
        while wallet.serve() {}
        let Some(result) = delivered(&mut ticket) else { return };
        let view = match result {
            Ok(view) => view,
            Err(error) => {
                say!("user: reads {error}");
                if error.code() == Code::ConsentNeeded && world(|world| world.rng.one_in(2)) {
                    self.answer(network, true);
                }
                return;
            }
        };
        world(|world| {
            world.report.count("code shown");
            world.tell(format!("user: shows code {}", view.id));
            let consented = world.model.consented(network);
            world.must(consented != Some(false), "I9 nothing leaves without consent", || {
                format!("code {} shown", view.id)
            });
            let fresh = world.model.shown.insert(view.id);
            let rolled = world.model.rolled_back;
            world.must(fresh || rolled, "I10 a code is shown once", || format!("{} was on screen before", view.id));
            if !world.rng.one_in(3) {
                let (at, yen) = (world.now + world.rng.between(500, 70_000), world.rng.between(100, 5_000));
                world.gateway.scan_at(at, view.id, yen);
            }
        });
        let mut result = wallet.shown_result(view.id, PATIENCE);
        let wait = world(|world| *world.rng.pick(&[0, 5_000, 60_000]));
        self.drive(wait);
        let _ = delivered(&mut result);
    }

    // ---- The end ------------------------------------------------------------------------------------------------

    /// Faults stop, an hour passes, and everything has to be well.
    fn settle(&self) {
        world(|world| {
            world.mischief = Mischief::default();
            world.vault = VaultMood::Ready;
            world.tell("from here on all is well".to_owned());
        });
        vfs::with(Disk::calm);
        if !self.damaged.get() && alive() && wallet().is_some() && world(|world| world.rng.one_in(2)) {
            self.drive(HEALTHY_MS);
        } else if !self.damaged.get() {
            // The last thing that happens to half of the lives is one more start.
            if alive() {
                vfs::with(Disk::die);
            }
            self.after_death();
            vfs::with(Disk::calm);
            if !alive() {
                self.after_death();
            }
            self.drive(HEALTHY_MS);
        }
        self.secrets();
        if self.damaged.get() {
            return;
        }
        self.look();
        self.last_check();
    }

    fn last_check(&self) {
        let Some(wallet) = wallet() else { return };
        let page = wallet.history(None, 200);
        let tasks = wallet.look(|view| view.tasks());
        let codes = wallet.look(|view| view.live_codes());
        let records = wallet.look(|view| view.unended_payments());
        let journal = wallet.look(|view| view.check_journal());
        let balance = wallet.balance();
        let said_so = wallet.condition().is_ok_and(|condition| condition.damaged);
        world(|world| {
            let rolled = world.model.rolled_back;
            let faults: Vec<Error> = [
                page.as_ref().err().cloned(),
                tasks.as_ref().err().cloned(),
                codes.as_ref().err().cloned(),
                records.as_ref().err().cloned(),
                journal.as_ref().err().cloned(),
            ]
            .into_iter()
            .flatten()
            .collect();
            if !faults.is_empty() {
                // Only a flipped bit spoils what was written, and within the hour the wallet has found that by itself.
                let found = world.model.rotten && said_so && faults.iter().all(|f| f.code() == Code::StoreDamaged);
                world.report.count("damage found by the wallet");
                world.must(found, "I11 the store can be read", || format!("{faults:?}, said so: {said_so}"));
                return;
            }
            let (Ok(page), Ok(tasks), Ok(codes), Ok(records)) = (page, tasks, codes, records) else { return };
            for record in &records {
                let (key, state) = (record.payment.key, record.payment.state);
                world.violation("I14 everything ends", format!("payment {key} is still {}", state.as_str()));
            }
            for code in codes.iter().filter(|code| code.state.as_str() == "shown") {
                world.violation("I14 everything ends", format!("code {} is still on screen", code.id));
            }
            if !rolled {
                for task in tasks.iter().filter(|task| task.kind != TaskKind::CheckDay) {
                    world.violation("I14 everything ends", format!("{:?} is still owed", task.kind));
                }
            }
            let paid: BTreeMap<Id, i64> = page
                .payments
                .iter()
                .filter(|view| view.status == Status::Paid)
                .filter_map(|view| Some((view.id, view.home?.minor())))
                .collect();
            for view in page.payments.iter().filter(|view| view.status == Status::Paid) {
                let (whole, id) = (view.reference.is_some(), view.id);
                world.must(whole, "R8 a paid payment has its receipt", || format!("{id} has none"));
            }
            for view in &page.payments {
                *world.report.endings.entry(view.status.as_str()).or_default() += 1;
            }
            let captures = world.gateway.captures.clone();
            for capture in captures
                .iter()
                .filter(|capture| !rolled && !world.model.lied.contains(&capture.key))
                .cloned()
                .collect::<Vec<_>>()
            {
                match paid.get(&capture.key) {
                    None => world.violation(
                        "I4 every charge is in the wallet",
                        format!("{} won of payment {} at {} s", capture.home, capture.key, (capture.at - BEGIN) / 1000),
                    ),
                    Some(home) if *home != capture.home => world.violation(
                        "I2 the charge is what was agreed",
                        format!("{} won in the wallet, {} at the gateway", home, capture.home),
                    ),
                    Some(_) => {}
                }
            }
            for id in paid.keys() {
                let charged = captures.iter().any(|capture| capture.key == *id);
                world.must(charged, "I2 what is paid was charged", || format!("{id} is paid in the wallet alone"));
            }
            let (won, version) = world.gateway.balance();
            if let (Ok(balance), false) = (balance, captures.is_empty() || rolled || !world.model.lied.is_empty()) {
                world.must(
                    balance.version == version && balance.amount.minor() == won,
                    "I2 the balance is the gateway's",
                    || format!("{} in the wallet, {won} at the gateway", balance.amount.minor()),
                );
            }
        });
    }

    /// No personal byte may be on the disk in the clear.
    fn secrets(&self) {
        let image = vfs::with(|disk| disk.image());
        let needles =
            [SECRET.as_bytes(), &SECRET_DIGITS.as_bytes()[..4]].map(|n| u32::from_le_bytes([n[0], n[1], n[2], n[3]]));
        for (name, bytes) in image.files() {
            let found = bytes.windows(4).any(|w| {
                let word = u32::from_le_bytes([w[0], w[1], w[2], w[3]]);
                word == needles[0] || word == needles[1]
            });
            // Four bytes meet by chance; the whole needle does not.
            if found {
                for needle in [SECRET.as_bytes(), SECRET_DIGITS.as_bytes()] {
                    let clear = needle.len() > 4 && bytes.windows(needle.len()).any(|w| w == needle);
                    let clear = clear
                        || needle.len() == 4
                            && bytes.windows(9).any(|w| {
                                w.starts_with(needle) && (w[4..].starts_with(b" shop") || w[4..].starts_with(b" till"))
                            });
                    world(|world| world.must(!clear, "I12 no secret in the clear", || format!("in {name}")));
                }
            }
        }
    }
}

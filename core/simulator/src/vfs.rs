//! The disk as SQLite sees it: a `sqlite3_vfs` in memory, version 2 with shared memory, so that the store runs with its own pragmas
//! and all its connections.
//!
//! Each thread has one disk of its own; a connection lives and ends on the thread that opened it.
#![allow(
    unsafe_code,
    clippy::borrow_as_ptr,
    reason = "SQLite takes a disk as a table of C functions; everything behind them is safe code"
)]

use crate::disk::{Disk, Refused, Trouble};
use rusqlite::ffi;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::ptr;
use std::sync::Once;

/// The name under which SQLite knows the disk.
pub const NAME: &str = "jigap-simulated";
const C_NAME: &CStr = c"jigap-simulated";

/// What a connection holds of a file's locks.
#[derive(Default, Clone, Copy)]
struct Held {
    level: c_int,
    shared: u8,
    exclusive: u8,
}

#[derive(Default)]
struct Machine {
    disk: Disk,
    /// Open files: the name, and since which start of the machine.
    open: BTreeMap<u64, (String, u64)>,
    held: BTreeMap<String, BTreeMap<u64, Held>>,
    /// Shared memory of each database, in regions whose addresses do not change.
    memory: BTreeMap<String, Vec<Box<[u64]>>>,
    started: u64,
    next: u64,
    random: u64,
}

thread_local! {
    static MACHINE: RefCell<Machine> = RefCell::default();
}

/// Looks at this thread's disk, or changes it.
pub fn with<T>(look: impl FnOnce(&mut Disk) -> T) -> T {
    MACHINE.with_borrow_mut(|machine| look(&mut machine.disk))
}

/// Starts this thread's machine anew with this disk: whoever still has a file open gets nothing but errors.
pub fn start(disk: Disk) {
    MACHINE.with_borrow_mut(|machine| {
        machine.disk = disk;
        machine.held.clear();
        machine.memory.clear();
        machine.started += 1;
    });
}

/// Does something on another disk meanwhile.
pub fn aside<T>(disk: Disk, work: impl FnOnce() -> T) -> T {
    let mine = MACHINE.replace(Machine { disk, ..Machine::default() });
    let result = work();
    MACHINE.set(mine);
    result
}

/// Makes the disk known to SQLite. Once is enough, more does no harm.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let vfs = Box::new(ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: size_of::<Handle>() as c_int,
            mxPathname: 512,
            pNext: ptr::null_mut(),
            zName: C_NAME.as_ptr(),
            pAppData: ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: None,
            xCurrentTimeInt64: Some(current_time_64),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        });
        // SAFETY: the memory counters are switched before SQLite starts (threads would share them); the table lives for ever.
        unsafe {
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0 as c_int);
            assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK, "SQLite starts");
            assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(vfs), 0), ffi::SQLITE_OK, "SQLite takes the disk");
        }
    });
}

/// An open file, in memory that SQLite allots.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    id: u64,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

const fn code(refused: Refused, otherwise: c_int) -> c_int {
    match refused {
        Refused::Trouble(Trouble::Full) => ffi::SQLITE_FULL,
        Refused::Trouble(Trouble::Error) | Refused::Dead => otherwise,
    }
}

/// Runs with the machine and the name of the file, unless the process is dead or the file is of an earlier start.
fn on_file(
    file: *mut ffi::sqlite3_file,
    otherwise: c_int,
    work: impl FnOnce(&mut Machine, &str, u64) -> Result<c_int, Refused>,
) -> c_int {
    // SAFETY: SQLite hands back what `open` filled in.
    let id = unsafe { (*file.cast::<Handle>()).id };
    MACHINE.with_borrow_mut(|machine| {
        let Some((name, started)) = machine.open.get(&id).cloned() else { return otherwise };
        if started != machine.started || machine.disk.dead() {
            return otherwise;
        }
        work(machine, &name, id).unwrap_or_else(|refused| code(refused, otherwise))
    })
}

unsafe fn text(name: *const c_char) -> String {
    // SAFETY: SQLite's names end with a zero.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite allots `szOsFile` bytes; without methods it does not call `close`.
    unsafe { (*file).pMethods = ptr::null() };
    let opened = MACHINE.with_borrow_mut(|machine| {
        machine.next += 1;
        let id = machine.next;
        // SAFETY: a name is text, or there is none for a file that goes away.
        let name = if name.is_null() { format!("temporary-{id}") } else { unsafe { text(name) } };
        if machine.disk.dead() {
            return Err(ffi::SQLITE_IOERR);
        }
        if !machine.disk.exists(&name) {
            if flags & ffi::SQLITE_OPEN_CREATE == 0 {
                return Err(ffi::SQLITE_CANTOPEN);
            }
            machine.disk.create(&name).map_err(|refused| code(refused, ffi::SQLITE_IOERR))?;
        }
        machine.open.insert(id, (name, machine.started));
        Ok(id)
    });
    match opened {
        Ok(id) => {
            // SAFETY: as above; `out_flags` may be null.
            unsafe {
                (*file.cast::<Handle>()).id = id;
                (*file).pMethods = &METHODS;
                if !out_flags.is_null() {
                    *out_flags = flags;
                }
            }
            ffi::SQLITE_OK
        }
        Err(code) => code,
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite hands back what `open` filled in.
    let id = unsafe { (*file.cast::<Handle>()).id };
    MACHINE.with_borrow_mut(|machine| {
        if let Some((name, _)) = machine.open.remove(&id)
            && let Some(held) = machine.held.get_mut(&name)
        {
            held.remove(&id);
        }
    });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, out: *mut c_void, amount: c_int, at: i64) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_READ, |machine, name, _| {
        // SAFETY: SQLite gives room for `amount` bytes.
        let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), amount as usize) };
        let bytes = machine.disk.bytes(name).get(at as usize..).unwrap_or_default();
        let there = bytes.len().min(out.len());
        out[..there].copy_from_slice(&bytes[..there]);
        out[there..].fill(0);
        Ok(if there < out.len() { ffi::SQLITE_IOERR_SHORT_READ } else { ffi::SQLITE_OK })
    })
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, amount: c_int, at: i64) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_WRITE, |machine, name, _| {
        // SAFETY: SQLite gives `amount` bytes.
        let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), amount as usize) };
        machine.disk.write(name, at as usize, from).map(|()| ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_TRUNCATE, |machine, name, _| {
        machine.disk.truncate(name, size as usize).map(|()| ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_FSYNC, |machine, name, _| machine.disk.sync(name).map(|()| ffi::SQLITE_OK))
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_FSTAT, |machine, name, _| {
        // SAFETY: SQLite gives room for a number.
        unsafe { *out = machine.disk.bytes(name).len() as i64 };
        Ok(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_LOCK, |machine, name, id| {
        let held = machine.held.entry(name.to_owned()).or_default();
        let highest = held.iter().filter(|(other, _)| **other != id).map(|(_, held)| held.level).max().unwrap_or(0);
        let allowed = match level {
            ffi::SQLITE_LOCK_SHARED => highest < ffi::SQLITE_LOCK_PENDING,
            ffi::SQLITE_LOCK_RESERVED => highest < ffi::SQLITE_LOCK_RESERVED,
            _ => highest == ffi::SQLITE_LOCK_NONE,
        };
        if !allowed {
            return Ok(ffi::SQLITE_BUSY);
        }
        let mine = held.entry(id).or_default();
        mine.level = mine.level.max(level);
        Ok(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    on_file(file, ffi::SQLITE_OK, |machine, name, id| {
        if let Some(mine) = machine.held.get_mut(name).and_then(|held| held.get_mut(&id)) {
            mine.level = level;
        }
        Ok(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_CHECKRESERVEDLOCK, |machine, name, _| {
        let reserved = |held: &BTreeMap<u64, Held>| held.values().any(|held| held.level >= ffi::SQLITE_LOCK_RESERVED);
        // SAFETY: SQLite gives room for a number.
        unsafe { *out = c_int::from(machine.held.get(name).is_some_and(reserved)) };
        Ok(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// As SQLite's own disk for Unix says of itself.
unsafe extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_SHMMAP, |machine, name, _| {
        let regions = machine.memory.entry(name.to_owned()).or_default();
        while regions.len() <= region as usize && extend != 0 {
            regions.push(vec![0u64; (size as usize).div_ceil(8)].into_boxed_slice());
        }
        let address = regions.get_mut(region as usize).map_or(ptr::null_mut(), |region| region.as_mut_ptr());
        // SAFETY: SQLite gives room for an address. A region is never moved or freed while a connection is open.
        unsafe { *out = address.cast() };
        Ok(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    on_file(file, ffi::SQLITE_IOERR_SHMLOCK, |machine, name, id| {
        let mask = (((1u16 << count) - 1) << offset) as u8;
        let held = machine.held.entry(name.to_owned()).or_default();
        let others = held.iter().filter(|(other, _)| **other != id).map(|(_, held)| *held);
        let (shared, exclusive) =
            others.fold((0, 0), |(shared, exclusive), held| (shared | held.shared, exclusive | held.exclusive));
        let mine = held.entry(id).or_default();
        if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
            mine.shared &= !mask;
            mine.exclusive &= !mask;
        } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
            if exclusive & mask != 0 {
                return Ok(ffi::SQLITE_BUSY);
            }
            mine.shared |= mask;
        } else {
            if (shared | exclusive) & mask != 0 {
                return Ok(ffi::SQLITE_BUSY);
            }
            mine.exclusive |= mask;
        }
        Ok(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    on_file(file, ffi::SQLITE_OK, |machine, name, id| {
        let mut last = true;
        if let Some(held) = machine.held.get_mut(name) {
            if let Some(mine) = held.get_mut(&id) {
                (mine.shared, mine.exclusive) = (0, 0);
            }
            last = held.keys().all(|other| *other == id);
        }
        if delete != 0 && last {
            machine.memory.remove(name);
        }
        Ok(ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite's names end with a zero.
    let name = unsafe { text(name) };
    MACHINE.with_borrow_mut(|machine| {
        if machine.disk.dead() {
            return ffi::SQLITE_IOERR_DELETE;
        }
        if !machine.disk.exists(&name) {
            return ffi::SQLITE_IOERR_DELETE_NOENT;
        }
        let done = machine.disk.delete(&name, sync_folder != 0);
        done.map_or_else(|refused| code(refused, ffi::SQLITE_IOERR_DELETE), |()| ffi::SQLITE_OK)
    })
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, name: *const c_char, _: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite's names end with a zero.
    let name = unsafe { text(name) };
    MACHINE.with_borrow_mut(|machine| {
        if machine.disk.dead() {
            return ffi::SQLITE_IOERR_ACCESS;
        }
        // SAFETY: SQLite gives room for a number.
        unsafe { *out = c_int::from(machine.disk.exists(&name)) };
        ffi::SQLITE_OK
    })
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: the name ends with a zero, and is copied with it only where there is room.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        if bytes.len() > room as usize {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, amount: c_int, out: *mut c_char) -> c_int {
    MACHINE.with_borrow_mut(|machine| {
        // SAFETY: SQLite gives room for `amount` bytes.
        let out = unsafe { std::slice::from_raw_parts_mut(out.cast::<u8>(), amount as usize) };
        for byte in out {
            machine.random = machine.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (machine.random >> 33) as u8;
        }
    });
    amount
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

/// The store asks SQLite for no time; a fixed one, in days of the Julian calendar.
unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: SQLite gives room for a number.
    unsafe { *out = 2_461_000.0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn current_time_64(_: *mut ffi::sqlite3_vfs, out: *mut i64) -> c_int {
    // SAFETY: SQLite gives room for a number.
    unsafe { *out = 2_461_000 * 86_400_000 };
    ffi::SQLITE_OK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Survival;
    use crate::rng::Rng;
    use rusqlite::{Connection, OpenFlags};

    fn connect(synchronous: &str) -> Connection {
        register();
        let db = Connection::open_with_flags_and_vfs("/sim/t.db", OpenFlags::default(), NAME).unwrap();
        db.execute_batch(&format!("PRAGMA synchronous = {synchronous}; PRAGMA journal_mode = WAL;")).unwrap();
        db
    }

    /// Writes until the disk dies, starts again, and counts in how many of the runs a committed row is gone.
    fn runs_that_lose(created: &str, synchronous: &str, survival: Survival) -> u32 {
        let mut lost = 0;
        for dies_in in 1..120 {
            start(Disk::default());
            drop(connect(created));
            let db = connect(synchronous);
            db.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY, filling BLOB)").unwrap();
            with(|disk| disk.die_in(dies_in));
            let mut committed = 0;
            while db.execute("INSERT INTO t (filling) VALUES (randomblob(900))", []).is_ok() {
                committed += 1;
            }
            drop(db);
            let image = with(|disk| disk.survivors(survival, &mut Rng::new(dies_in)));
            start(Disk::holding(&image));
            let db = connect(synchronous);
            let integrity: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(integrity, "ok");
            let there: u32 = db.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap_or(0);
            assert!(there <= committed + 1, "at most the one that was under way");
            lost += u32::from(there < committed);
        }
        lost
    }

    /// The canary: a disk on which NORMAL is as good as FULL would show nothing.
    #[test]
    fn full_loses_nothing_and_normal_loses_what_power_takes() {
        for survival in Survival::ALL {
            assert_eq!(runs_that_lose("EXTRA", "FULL", survival), 0, "{survival:?}");
            assert_eq!(runs_that_lose("EXTRA", "EXTRA", survival), 0, "{survival:?}");
        }
        assert_eq!(runs_that_lose("EXTRA", "NORMAL", Survival::ProcessKill), 0);
        for survival in [Survival::DropUnsynced, Survival::PrefixTorn, Survival::DropOneIn16] {
            assert!(runs_that_lose("EXTRA", "NORMAL", survival) > 10, "{survival:?}");
        }
    }

    /// With FULL the deletion of the very first rollback journal is not synced: it comes back with the power, and with it the
    /// empty database. Only EXTRA syncs the folder.
    #[test]
    fn a_database_made_with_full_can_vanish_with_its_folder_unsynced() {
        assert!(runs_that_lose("FULL", "FULL", Survival::DropUnsynced) > 100);
    }

    #[test]
    fn several_connections_see_each_other_and_lock_each_other_out() {
        start(Disk::default());
        let mut one = connect("FULL");
        one.execute_batch("CREATE TABLE t (n)").unwrap();
        let two = connect("FULL");
        let transaction = one.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
        transaction.execute("INSERT INTO t VALUES (1)", []).unwrap();
        let count = || two.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(count(), 0, "a reader does not wait, and sees what was committed");
        assert!(two.execute("INSERT INTO t VALUES (2)", []).is_err(), "one writer at a time");
        transaction.commit().unwrap();
        assert_eq!(count(), 1);
    }

    #[test]
    fn a_full_disk_is_an_error_and_no_loss() {
        start(Disk::default());
        let db = connect("FULL");
        db.execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1)").unwrap();
        with(|disk| disk.trouble_in(1, 2, Trouble::Full));
        assert!(db.execute("INSERT INTO t VALUES (2)", []).is_err());
        with(Disk::calm);
        db.execute("INSERT INTO t VALUES (3)", []).unwrap();
        let sum: u32 = db.query_row("SELECT sum(n) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, 4);
    }
}

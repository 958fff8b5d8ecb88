//! How much memory a code on screen takes: allocations and bytes, ours beside the peers'.
#![allow(unsafe_code, reason = "a counting allocator has to implement an unsafe trait; it only passes calls on")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "test code")]

use jigap::code::draw::qr::{self, Level, Segmentation};
use jigap::code::draw::{code128, picture};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNTED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

fn count(bytes: usize) {
    // A thread that is ending has no counter any more; nothing is measured there.
    let _ = COUNTED.try_with(|counted| {
        let (calls, sum) = counted.get();
        counted.set((calls.wrapping_add(1), sum.wrapping_add(u64::try_from(bytes).unwrap_or(0))));
    });
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as above.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Calls of the allocator, and bytes asked for in all of them.
fn counted<T>(work: impl FnOnce() -> T) -> (u64, u64) {
    let before = COUNTED.with(Cell::get);
    drop(std::hint::black_box(work()));
    let after = COUNTED.with(Cell::get);
    (after.0.wrapping_sub(before.0), after.1.wrapping_sub(before.1))
}

#[test]
fn a_code_takes_little_memory() {
    let emv = "hQVDUFYwMWFaTwfUEAAAAUAQVxNTUCBpAAAAZtIAdgEAAAAAAAmfXzQBAmM2";
    let merchant = "0002010102122658ID.CO.EXAMPLE".repeat(9).chars().take(250).collect::<String>();
    println!("{:<24} {:>22} {:>22} {:>22}", "calls / bytes", "19 digits", "60 B", "250 B");
    let mut ours = Vec::new();
    let texts = ["6212345678901234567", emv, &merchant];
    let row = |name: &str, cells: [(u64, u64); 3]| {
        let cells = cells.map(|(calls, bytes)| format!("{calls} / {bytes}"));
        println!("{name:<24} {:>22} {:>22} {:>22}", cells[0], cells[1], cells[2]);
        cells
    };
    // The templates of a version are made once a process.
    for text in texts {
        drop(qr::encode(text, Level::M, Segmentation::Smallest).unwrap());
    }
    let modules = texts.map(|text| counted(|| qr::encode(text, Level::M, Segmentation::Smallest).unwrap()));
    row("jigap, modules", modules);
    let drawn =
        texts.map(|text| counted(|| picture::luma(&qr::encode(text, Level::M, Segmentation::Smallest).unwrap())));
    row("jigap, modules and luma", drawn);
    row("fast_qr", texts.map(|t| counted(|| fast_qr::QRBuilder::new(t).ecl(fast_qr::ECL::M).build().unwrap())));
    row(
        "qrcodegen",
        texts.map(|t| counted(|| qrcodegen::QrCode::encode_text(t, qrcodegen::QrCodeEcc::Medium).unwrap())),
    );
    row(
        "qrcode",
        texts.map(|t| counted(|| qrcode::QrCode::with_error_correction_level(t, qrcode::EcLevel::M).unwrap())),
    );
    let bars = counted(|| picture::luma(&code128::encode("6212345678901234567").unwrap()));
    println!("code 128 and its luma    {} / {}", bars.0, bars.1);
    ours.extend(drawn);
    // 64 KiB and a few dozen calls for the largest of them: nothing that a phone notices.
    for (calls, bytes) in ours {
        assert!(calls <= 64 && bytes <= 64 * 1024, "{calls} calls, {bytes} bytes");
    }
    assert!(bars.0 <= 4 && bars.1 <= 4 * 1024, "{bars:?}");
}

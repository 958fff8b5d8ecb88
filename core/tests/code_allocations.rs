//! Reading a merchant-presented or consumer-presented code takes nothing from the heap.

#![allow(unsafe_code, reason = "a counting allocator has to implement an unsafe trait; it only passes calls on")]
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "test code")]

use jigap::code::emv::{Cpm, Mpm, crc16};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more; nothing is measured there.
    let _ = COUNT.try_with(|count| count.set(count.get().wrapping_add(1)));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`, which is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
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

fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get).wrapping_sub(before)
}

fn payloads() -> Vec<String> {
    include_str!("vectors/merchant_codes.tsv")
        .lines()
        .skip(1)
        .map(|line| line.rsplit('\t').next().expect("a payload").to_owned())
        .collect()
}

#[test]
fn the_counter_counts() {
    assert!(allocations(|| drop(std::hint::black_box(String::from("x")))) > 0);
}

#[test]
fn merchant_presented_codes_are_read_without_the_heap() {
    let payloads = payloads();
    assert!(payloads.len() > 30);
    for payload in &payloads {
        let mut objects = 0usize;
        let taken = allocations(|| {
            crc16(payload.as_bytes());
            let Ok(code) = Mpm::parse(payload) else { return };
            objects = code.objects().count();
            for (tag, identifier, template) in code.accounts() {
                std::hint::black_box((tag, identifier, template.get(1), template.nested(1)));
            }
            std::hint::black_box((code.get(54), code.tip(), code.initiation(), code.currency_number()));
        });
        assert_eq!(taken, 0, "{payload}: {objects} objects");
    }
}

#[test]
fn consumer_presented_codes_are_read_without_the_heap() {
    for text in [
        "hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=",
        "hQVDUFYwMWEfTwigAAAAZQOSAlcTMViZAHkkKUPUkSEhAAAFEgAADw==",
        "hQVDUFYwMWEfTwigAAAAZQOSAl",
    ] {
        let taken = allocations(|| {
            if let Ok(code) = Cpm::parse(text) {
                std::hint::black_box(code.objects().flat_map(|o| o.objects().map(|i| i.tag)).count());
            }
        });
        assert_eq!(taken, 0, "{text}");
    }
}

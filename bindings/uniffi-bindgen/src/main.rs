//! The binding generator of the uniffi version that the FFI crate is built with.
//!
//! A crate of its own, so that the generator's features never reach the library that ships. Called by `cargo xtask bindings`.

fn main() {
    uniffi::uniffi_bindgen_main();
}

//! The expression language behind four functions that a browser can call; `iml.ts` wraps them.
//!
//! A request is JSON text: `input(length)` gives the address to write it to, `run()` answers it and
//! returns the length of the answer, `output()` gives the address to read that from. The module needs
//! nothing from outside: the time and a seed for random numbers come with the request.

mod answer;

use std::cell::RefCell;

pub use answer::answer;

thread_local! {
    static INPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for a request and returns where it is to be written.
#[expect(unsafe_code, reason = "the name is how a function is found from outside")]
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> *const u8 {
    INPUT.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(length, 0);
        buffer.as_ptr()
    })
}

/// Answers the request and returns the length of the answer.
#[expect(unsafe_code, reason = "the name is how a function is found from outside")]
#[unsafe(no_mangle)]
pub extern "C" fn run() -> usize {
    let answer = INPUT.with_borrow(|buffer| answer(&String::from_utf8_lossy(buffer)));
    OUTPUT.with_borrow_mut(|buffer| {
        *buffer = answer.into_bytes();
        buffer.len()
    })
}

/// Returns where the answer is.
#[expect(unsafe_code, reason = "the name is how a function is found from outside")]
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    OUTPUT.with_borrow(|buffer| buffer.as_ptr())
}

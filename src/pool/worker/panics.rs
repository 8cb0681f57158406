//! A panic's message, caught in a worker for the error that the parent gets.
//!
//! Printing it too, as Rust does by default, would litter the terminal once for every item that
//! fails; and only the hook, not the caught payload, knows where it happened.

use std::any::Any;
use std::cell::RefCell;
use std::panic;

/// What becomes of a thread's panics.
enum Panics {
    Printed,
    Kept { last: Option<String> },
}

thread_local! {
    static PANICS: RefCell<Panics> = const { RefCell::new(Panics::Printed) };
}

/// From now on, panics of this thread are kept for [`message`] instead of being printed; those of
/// other threads are handled as before.
pub(super) fn keep_messages_of_this_thread() {
    PANICS.set(Panics::Kept { last: None });
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let print = PANICS.with_borrow_mut(|panics| match panics {
            Panics::Printed => true,
            Panics::Kept { last } => {
                *last = Some(info.location().map_or_else(
                    || text(info.payload()).to_owned(),
                    |place| format!("{} ({}:{})", text(info.payload()), place.file(), place.line()),
                ));
                false
            }
        });
        if print {
            before(info);
        }
    }));
}

/// The message of the panic that was caught last.
pub(super) fn message(payload: &(dyn Any + Send)) -> String {
    let kept = PANICS.with_borrow_mut(|panics| match panics {
        Panics::Printed => None,
        Panics::Kept { last } => last.take(),
    });
    kept.unwrap_or_else(|| text(payload).to_owned())
}

fn text(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic without a message"
    }
}

//! A pool in an event loop: one `poll` waits for results and for a ticking clock.
#![expect(clippy::print_stdout, reason = "an example shows its results")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use wordhash::pool::{self, Pool};

fn slow_square(number: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(30));
    number * number
}

fn main() -> anyhow::Result<()> {
    pool::init();
    let tick = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    let clock = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
    let period = Itimerspec { it_interval: tick, it_value: tick };
    timerfd_settime(&clock, TimerfdTimerFlags::empty(), &period)?;

    let pool = Pool::builder().workers(2).build()?;
    let left = Rc::new(Cell::new(6));
    for number in 1..=left.get() {
        let left = Rc::clone(&left);
        pool.submit(slow_square, number)?.on_done(move |square| {
            println!("{number}² = {}", square.unwrap_or_default());
            left.set(left.get() - 1);
        });
    }
    let mut ticks = 0_u64;
    while left.get() > 0 {
        let mut waited = [PollFd::new(&pool, PollFlags::IN), PollFd::new(&clock, PollFlags::IN)];
        poll(&mut waited, None)?;
        if waited[1].revents().contains(PollFlags::IN) {
            ticks += rustix::io::read(&clock, &mut [0; 8]).map(|_| 1)?;
        }
        pool.turn()?;
    }
    println!("the clock ticked meanwhile: {}", ticks > 0);
    Ok(())
}

//! Tasks that take longer than the pool likes to wait.

use std::cell::RefCell;
use std::rc::Rc;

use wordhash::pool::{TaskSink, TaskSource, Transport};

use crate::jobs::obey;
use crate::{Collect, commands, pool};

/// Counts what is heard of tasks before they are done.
#[derive(Default)]
struct Heard {
    collect: Collect,
    before_done: usize,
}

impl TaskSink for Heard {
    fn piece(&mut self, task: u64, input: &[u8], offset: usize, output: &[u8]) {
        self.collect.piece(task, input, offset, output);
    }

    fn done(&mut self, task: u64, input: &[u8]) {
        self.collect.done(task, input);
    }

    fn worked(&mut self, _pid: u32, _first: u64, count: u32, _busy: std::time::Duration) {
        self.before_done += usize::from(count == 0);
    }
}

pub(crate) fn a_long_task_without_output_is_heard_of_while_it_is_at_work(transport: Transport) {
    let mut pool = pool(1, transport).build().unwrap();
    let mut sink = Heard::default();
    let texts = ["echo a", "take 3", "take 0", "echo b", "take 2", "echo c"];
    pool.run(obey, &mut commands(texts), &mut sink).unwrap();
    assert!(sink.before_done >= 2, "one or more for each long task: {}", sink.before_done);
    let outputs: Vec<&str> = (0..6).map(|task| sink.collect.text(task)).collect();
    assert_eq!(outputs, ["a", "", "", "b", "", "c"]);
    assert_eq!(sink.collect.done.len(), 6);
}

/// Long tasks, and a record of which were taken (true) and done (false), in order.
struct Far {
    left: usize,
    known: bool,
    events: Rc<RefCell<Vec<bool>>>,
}

impl TaskSource for Far {
    fn next_task(&mut self, input: &mut Vec<u8>) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.events.borrow_mut().push(true);
        input.extend_from_slice(b"take 2");
        true
    }

    fn tasks_left(&self) -> Option<usize> {
        self.known.then_some(self.left)
    }
}

struct Done(Rc<RefCell<Vec<bool>>>);

impl TaskSink for Done {
    fn piece(&mut self, _: u64, _: &[u8], _: usize, _: &[u8]) {}

    fn done(&mut self, _: u64, _: &[u8]) {
        self.0.borrow_mut().push(false);
    }
}

pub(crate) fn a_long_task_waits_behind_another_only_while_the_end_is_known_to_be_far() {
    for known in [false, true] {
        let events = Rc::new(RefCell::new(Vec::new()));
        let mut source = Far { left: 12, known, events: Rc::clone(&events) };
        let mut pool = pool(1, Transport::Shared).build().unwrap();
        pool.run(obey, &mut source, &mut Done(Rc::clone(&events))).unwrap();
        let events = events.borrow();
        let second_taken_at_once = events.starts_with(&[true, true]);
        assert_eq!(second_taken_at_once, known, "{events:?}");
        // Near the end each is taken when the one before it is done.
        assert!(events.ends_with(&[true, false, true, false]), "{events:?}");
    }
}

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    batch_records: 3,
    batch_bytes: 100,
    batch_age: SECOND,
    queue_bytes: 300,
    burst_bytes: 0,
    in_flight: 2,
    give_up_after: 20 * SECOND,
};
const NO_ANSWER: Verdict = Verdict::Retry { retry_after: None };
const ACCEPTED: Verdict = Verdict::Accepted { rejected: 0 };

fn at(seconds: f64) -> UnixNanos {
    UnixNanos(1_000 * SECOND + (seconds * 1e9) as u64)
}

fn seconds(nanos: f64) -> u64 {
    (nanos * 1e9) as u64
}

fn push(queue: &mut Queue, now: UnixNanos, bytes: usize) {
    queue.push(now, 1, |out| out.resize(out.len() + bytes, b's'));
}

/// A queue with one batch of three records sent as export 1 at second 0.
fn with_an_export() -> Queue {
    let mut queue = Queue::new(LIMITS);
    (0..3).for_each(|_| push(&mut queue, at(0.0), 10));
    let batch = queue.next(at(0.0)).expect("a batch of three is whole");
    queue.sent(1, batch, at(0.0));
    queue
}

/// The same, and another batch of three larger records sent as export 2 a tenth of a second later.
fn with_two_exports() -> Queue {
    let mut queue = with_an_export();
    (0..3).for_each(|_| push(&mut queue, at(0.1), 20));
    let batch = queue.next(at(0.1)).expect("a second export may be under way");
    queue.sent(2, batch, at(0.1));
    queue
}

#[test]
fn an_idle_queue_needs_no_waking() {
    let mut queue = Queue::new(LIMITS);
    assert_eq!(queue.wake_in(at(0.0)), None);
    assert!(queue.next(at(0.0)).is_none());
}

#[test]
fn sends_by_age() {
    let mut queue = Queue::new(LIMITS);
    push(&mut queue, at(0.0), 10);
    push(&mut queue, at(0.4), 10);
    assert_eq!(queue.wake_in(at(0.4)), Some(seconds(0.6)));
    assert!(queue.next(at(0.9)).is_none());
    let batch = queue.next(at(1.0)).unwrap();
    assert_eq!(batch.records().len(), 20);
    assert_eq!(queue.wake_in(at(1.0)), None);
}

#[test]
fn sends_by_count_and_by_size() {
    let mut queue = Queue::new(LIMITS);
    (0..3).for_each(|_| push(&mut queue, at(0.0), 1));
    assert_eq!(queue.wake_in(at(0.0)), Some(0));
    assert_eq!(queue.next(at(0.0)).unwrap().records().len(), 3);
    push(&mut queue, at(0.0), 100);
    assert_eq!(queue.next(at(0.0)).unwrap().records().len(), 100);
}

#[test]
fn a_clock_set_back_keeps_nothing() {
    let mut queue = Queue::new(LIMITS);
    push(&mut queue, at(3600.0), 10);
    assert_eq!(queue.wake_in(at(0.0)), Some(0));
    let batch = queue.next(at(0.0)).unwrap();
    queue.not_sent(batch, at(4000.0), 0);
    assert_eq!(queue.wake_in(at(0.0)), Some(MAX_WAIT), "not an hour");
    assert!(queue.next(at(0.0)).is_none());
    assert!(queue.next(at(600.0)).is_some());
}

#[test]
fn a_clock_set_back_far_does_not_hold_up_what_the_collector_takes() {
    let mut queue = Queue::new(Limits { batch_records: 1, ..LIMITS });
    push(&mut queue, at(1_000_000.0), 10);
    let batch = queue.next(at(1_000_000.0)).unwrap();
    queue.sent(1, batch, at(1_000_000.0));
    queue.answered(1, ACCEPTED, at(1_000_000.0), 0).unwrap();
    push(&mut queue, at(1.0), 10);
    assert!(queue.is_ready(at(1.0)));
}

#[test]
fn drops_the_oldest_that_is_not_under_way() {
    let mut queue = with_an_export();
    (0..4).for_each(|n| push(&mut queue, at(f64::from(n)), 10));
    assert_eq!(queue.oldest(), Some(at(0.0)));
    assert_eq!((queue.drop_oldest(), queue.bytes()), (3, 40));
    assert_eq!(queue.oldest(), Some(at(3.0)));
    assert_eq!((queue.drop_oldest(), queue.bytes()), (1, 30));
    assert_eq!((queue.oldest(), queue.held()), (None, 3), "three are under way");
    push(&mut queue, at(5.0), 10);
    assert_eq!(queue.oldest(), Some(at(5.0)));
}

#[test]
fn keeps_exports_to_their_number() {
    let mut queue = with_an_export();
    (0..6).for_each(|_| push(&mut queue, at(0.0), 1));
    let second = queue.next(at(0.0)).unwrap();
    queue.sent(2, second, at(0.0));
    assert!(queue.next(at(0.0)).is_none());
    assert_eq!(queue.wake_in(at(0.0)), Some(LIMITS.give_up_after), "only an answer makes room");
    assert_eq!(
        queue.answered(1, ACCEPTED, at(0.0), 0),
        Some(Settled::Delivered { accepted: 3, rejected: 0 })
    );
    assert_eq!(queue.wake_in(at(0.0)), Some(0));
    assert!(queue.next(at(0.0)).is_some());
}

#[test]
fn settles_each_answer_once() {
    let mut queue = with_an_export();
    let rejecting = Verdict::Accepted { rejected: 2 };
    assert_eq!(
        queue.answered(1, rejecting, at(0.0), 0),
        Some(Settled::Delivered { accepted: 1, rejected: 2 })
    );
    assert_eq!(queue.answered(1, ACCEPTED, at(0.0), 0), None);
    let lying = Verdict::Accepted { rejected: 99 };
    let mut queue = with_an_export();
    assert_eq!(queue.answered(1, lying, at(0.0), 0), Some(Settled::Delivered { accepted: 0, rejected: 3 }));
    let mut queue = with_an_export();
    assert_eq!(queue.answered(1, Verdict::Refused, at(0.0), 0), Some(Settled::Refused { records: 3 }));
    assert_eq!((queue.bytes(), queue.wake_in(at(0.0))), (0, None));
}

#[test]
fn backs_off_and_tries_again() {
    let mut queue = with_an_export();
    assert_eq!(queue.answered(1, NO_ANSWER, at(0.0), 0), Some(Settled::Requeued));
    assert_eq!(queue.wake_in(at(0.0)), Some(seconds(0.5)));
    assert!(queue.next(at(0.49)).is_none());
    let batch = queue.next(at(0.5)).unwrap();
    assert_eq!(batch.records().len(), 30);
    queue.sent(2, batch, at(0.5));
    queue.answered(2, NO_ANSWER, at(0.5), u32::MAX);
    assert_eq!(queue.wake_in(at(0.5)), Some(seconds(2.0) - 1));
}

#[test]
fn exports_that_fail_together_are_one_failure() {
    let mut queue = with_an_export();
    (0..3).for_each(|_| push(&mut queue, at(0.0), 1));
    let second = queue.next(at(0.0)).unwrap();
    queue.sent(2, second, at(0.0));
    queue.answered(1, NO_ANSWER, at(0.1), 0);
    queue.answered(2, NO_ANSWER, at(0.1), 0);
    assert_eq!(queue.wake_in(at(0.1)), Some(seconds(0.5)), "not a second time as long");
}

#[test]
fn honours_retry_after_for_all_batches() {
    let mut queue = with_an_export();
    queue.answered(1, Verdict::Retry { retry_after: Some(seconds(7.0)) }, at(0.0), 0);
    (0..3).for_each(|_| push(&mut queue, at(0.0), 1));
    assert!(queue.next(at(6.9)).is_none());
    assert_eq!(queue.next(at(7.0)).unwrap().records().len(), 30, "the older batch first");
    assert_eq!(queue.next(at(7.0)).unwrap().records().len(), 3);
}

#[test]
fn a_second_failure_does_not_shorten_a_retry_after() {
    let mut queue = with_two_exports();
    queue.answered(1, Verdict::Retry { retry_after: Some(seconds(30.0)) }, at(1.0), 0);
    queue.answered(2, NO_ANSWER, at(2.0), 0);
    assert_eq!(queue.wake_in(at(2.0)), Some(seconds(29.0)));
    assert!(queue.next(at(30.9)).is_none());
    assert!(queue.next(at(31.0)).is_some());
}

#[test]
fn what_was_under_way_before_a_failure_does_not_end_its_back_off() {
    for older in [ACCEPTED, Verdict::Refused] {
        let mut queue = with_two_exports();
        queue.answered(1, Verdict::Retry { retry_after: Some(seconds(30.0)) }, at(1.0), 0);
        queue.answered(2, older, at(2.0), 0);
        assert_eq!(queue.wake_in(at(2.0)), Some(seconds(29.0)), "{older:?}");
    }
}

#[test]
fn success_and_refusal_end_the_doubling_of_the_back_off() {
    for good in [ACCEPTED, Verdict::Refused] {
        let mut queue = with_an_export();
        let mut now = at(0.0);
        for failure in 0..3 {
            queue.answered(failure + 1, NO_ANSWER, now, 0);
            now = UnixNanos(now.0 + queue.wake_in(now).unwrap());
            let batch = queue.next(now).unwrap();
            queue.sent(failure + 2, batch, now);
        }
        assert_eq!(now, at(0.5 + 1.0 + 2.0), "the half of 1, 2 and 4 seconds");
        queue.answered(4, good, now, 0);
        (0..3).for_each(|_| push(&mut queue, now, 10));
        let batch = queue.next(now).expect("nothing is waited for any more");
        queue.sent(5, batch, now);
        queue.answered(5, NO_ANSWER, now, 0);
        assert_eq!(queue.wake_in(now), Some(seconds(0.5)), "as after a first failure: {good:?}");
    }
}

#[test]
fn what_is_tried_again_goes_in_the_order_it_came() {
    for (first, second) in [(1, 2), (2, 1)] {
        let mut queue = with_two_exports();
        (0..3).for_each(|_| push(&mut queue, at(0.2), 30));
        queue.answered(first, NO_ANSWER, at(1.0), 0);
        queue.answered(second, NO_ANSWER, at(1.0), 0);
        let sizes = [(); 3].map(|()| queue.next(at(2.0)).unwrap().records().len());
        assert_eq!(sizes, [30, 60, 90], "answered {first} first");
    }
}

#[test]
fn several_exports_are_answered_in_any_order() {
    let mut queue = with_two_exports();
    assert_eq!(queue.held(), 6);
    assert_eq!(queue.answered(2, Verdict::Refused, at(1.0), 0), Some(Settled::Refused { records: 3 }));
    assert_eq!((queue.bytes(), queue.held()), (30, 3));
    let accepted = Settled::Delivered { accepted: 3, rejected: 0 };
    assert_eq!(queue.answered(1, ACCEPTED, at(1.0), 0), Some(accepted));
    assert_eq!((queue.bytes(), queue.held(), queue.wake_in(at(1.0))), (0, 0, None));
}

#[test]
fn without_an_age_nothing_waits() {
    let mut queue = Queue::new(Limits { batch_age: 0, ..LIMITS });
    push(&mut queue, at(0.0), 10);
    assert_eq!(queue.wake_in(at(0.0)), Some(0));
    assert_eq!(queue.next(at(0.0)).unwrap().records().len(), 10);
}

#[test]
fn a_closed_queue_waits_for_no_more() {
    let mut queue = Queue::new(LIMITS);
    push(&mut queue, at(0.0), 10);
    assert!(queue.next(at(0.0)).is_none());
    queue.close();
    assert_eq!(queue.wake_in(at(0.0)), Some(0));
    assert_eq!(queue.next(at(0.0)).unwrap().records().len(), 10);
}

#[test]
fn says_how_much_it_gives_up() {
    let mut queue = with_two_exports();
    (0..4).for_each(|_| push(&mut queue, at(0.0), 1));
    assert_eq!(queue.abandon(), 10, "six under way, three ready, one in the open batch");
    assert_eq!((queue.abandon(), queue.bytes(), queue.wake_in(at(0.0))), (0, 0, None));
    assert_eq!(queue.answered(1, ACCEPTED, at(1.0), 0), None);
}

#[test]
fn a_burst_has_room_and_exports_of_its_own_until_the_collector_fails() {
    let mut queue = Queue::new(Limits { burst_bytes: 300, ..LIMITS });
    for _ in 0..20 {
        push(&mut queue, at(0.0), 30);
    }
    assert_eq!((queue.bytes(), queue.room()), (600, 600));
    let mut sent = 0;
    while let Some(batch) = queue.next(at(0.0)) {
        sent += 1;
        queue.sent(sent, batch, at(0.0));
    }
    assert_eq!(sent, 6, "all that is whole, which is more than two");
    queue.answered(1, NO_ANSWER, at(1.0), 0);
    assert_eq!(
        queue.answered(2, ACCEPTED, at(1.0), 0),
        Some(Settled::Delivered { accepted: 3, rejected: 0 })
    );
    assert_eq!(queue.room(), 600, "one failure may be chance");
    push(&mut queue, at(1.0), 90);
    let batch = queue.next(at(2.0)).unwrap();
    queue.sent(7, batch, at(2.0));
    queue.answered(7, NO_ANSWER, at(2.0), 0);
    assert_eq!(queue.room(), 300, "two are not");
    assert_eq!(queue.bytes(), 600, "what is held stays");
}

#[test]
fn within_its_own_room_a_queue_keeps_to_the_usual_number_of_exports() {
    let mut queue = Queue::new(Limits { burst_bytes: 300, ..LIMITS });
    (0..9).for_each(|_| push(&mut queue, at(0.0), 30));
    for token in 1..=2 {
        let batch = queue.next(at(0.0)).unwrap();
        queue.sent(token, batch, at(0.0));
    }
    assert!(!queue.is_ready(at(0.0)) && queue.next(at(0.0)).is_none());
    (0..2).for_each(|_| push(&mut queue, at(0.0), 30));
    assert!(queue.is_ready(at(0.0)), "300 bytes are passed");
}

#[test]
fn is_ready_with_a_whole_batch_that_may_be_sent() {
    let mut queue = Queue::new(LIMITS);
    (0..2).for_each(|_| push(&mut queue, at(0.0), 1));
    assert!(!queue.is_ready(at(5.0)), "age alone is for the tick");
    push(&mut queue, at(0.0), 1);
    assert!(queue.is_ready(at(0.0)));
    let batch = queue.next(at(0.0)).unwrap();
    queue.not_sent(batch, at(0.0), 0);
    assert!(!queue.is_ready(at(0.4)) && queue.is_ready(at(0.5)));
}

#[test]
fn gives_a_batch_up_after_its_last_try() {
    let mut queue = with_an_export();
    let mut now = at(0.0);
    for attempt in 1..MAX_ATTEMPTS {
        assert_eq!(queue.answered(attempt, NO_ANSWER, now, 0), Some(Settled::Requeued));
        now = UnixNanos(now.0 + queue.wake_in(now).unwrap());
        let batch = queue.next(now).unwrap();
        queue.sent(attempt + 1, batch, now);
    }
    assert_eq!(queue.answered(MAX_ATTEMPTS, NO_ANSWER, now, 0), Some(Settled::Expired { records: 3 }));
    assert_eq!(queue.bytes(), 0);
}

#[test]
fn drops_what_is_too_old() {
    let mut queue = with_an_export();
    queue.answered(1, NO_ANSWER, at(0.0), 0);
    assert_eq!(queue.expire(at(899.0)), None);
    assert_eq!(queue.expire(at(900.0)), Some(Settled::Expired { records: 3 }));
    assert_eq!(queue.expire(at(900.0)), None);
}

#[test]
fn drops_all_that_is_too_old_at_once() {
    let mut queue = with_two_exports();
    (0..3).for_each(|_| push(&mut queue, at(1.0), 1));
    queue.answered(1, NO_ANSWER, at(1.0), 0);
    queue.answered(2, NO_ANSWER, at(1.0), 0);
    let expired: Vec<_> = std::iter::from_fn(|| queue.expire(at(900.5))).collect();
    assert_eq!(expired, [Settled::Expired { records: 3 }; 2], "the third is half a second younger");
    assert_eq!(queue.held(), 3);
}

#[test]
fn takes_an_export_back_that_is_never_answered() {
    let mut queue = with_an_export();
    assert_eq!(queue.give_up(at(19.9), 0), None);
    assert_eq!(queue.wake_in(at(19.0)), Some(seconds(1.0)));
    assert_eq!(queue.give_up(at(20.0), 0), Some(Settled::Requeued));
    assert_eq!(queue.answered(1, ACCEPTED, at(21.0), 0), None, "the answer comes too late");
}

proptest! {
    /// Whatever happens in whatever order, each record pushed is settled once, dropped or held.
    #[test]
    fn loses_no_record_unseen(steps in prop::collection::vec((0..6_u8, 0..120_usize, 0..30_u64), 0..200)) {
        let mut queue = Queue::new(LIMITS);
        let (mut now, mut token) = (at(0.0), 0_u32);
        let (mut pushed, mut dropped, mut settled) = (0_u64, 0_u64, 0_u64);
        let mut count = |outcome: Option<Settled>| match outcome {
            Some(Settled::Delivered { accepted, rejected }) => settled += accepted + rejected,
            Some(Settled::Refused { records } | Settled::Expired { records }) => settled += records,
            Some(Settled::Requeued) | None => {}
        };
        for (step, size, wait) in steps {
            now = UnixNanos(now.0 + wait * SECOND);
            let verdict = match size % 3 { 0 => ACCEPTED, 1 => Verdict::Refused, _ => NO_ANSWER };
            match step {
                0 => { push(&mut queue, now, size); pushed += 1; }
                1 => dropped += queue.drop_oldest(),
                2 => if let Some(batch) = queue.next(now) {
                    token += 1;
                    queue.sent(token, batch, now);
                },
                3 => if let Some(batch) = queue.next(now) { count(Some(queue.not_sent(batch, now, 0))) },
                4 => count(queue.answered(token.saturating_sub(u32::try_from(size % 2).unwrap()), verdict, now, 0)),
                _ => { count(queue.give_up(now, 0)); count(queue.expire(now)); }
            }
            prop_assert!(queue.in_flight.len() <= LIMITS.in_flight * BURST_EXPORTS);
        }
        let held: u32 = [&queue.open].into_iter().chain(&queue.ready).chain(queue.in_flight.iter().map(|e| &e.batch)).map(|b| b.records).sum();
        prop_assert_eq!(pushed, settled + dropped + u64::from(held));
    }
}

use super::*;
use std::sync::atomic::Ordering;

/// Everything that has completed, however often that has to be asked for.
fn take_all(completions: &mut Completions) -> Vec<Completed> {
    let mut all = Vec::new();
    loop {
        match completions.take() {
            Some(some) if some.is_empty() => return all,
            Some(some) => all.extend(some),
            None => panic!("the end came"),
        }
    }
}

fn wake(word: &AtomicU32, count: u32) -> u32 {
    crate::sys::futex_wake(word, count).unwrap()
}

#[test]
fn waits_end_by_value_notification_or_cancelling() {
    let Ok((mut requests, mut completions)) = ring() else {
        return; // not on this system
    };
    let word = AtomicU32::new(0);
    assert_eq!(take_all(&mut completions), []);
    requests.futex_wait(1, word.as_ptr(), 7).unwrap();
    assert_eq!(take_all(&mut completions), [(1, -libc::EAGAIN)]);
    for id in 2..5 {
        requests.futex_wait(id, word.as_ptr(), 0).unwrap();
    }
    requests.cancel(3).unwrap();
    requests.cancel(99).unwrap();
    assert_eq!(wake(&word, 1), 1);
    let mut ended = take_all(&mut completions);
    ended.sort_unstable_by_key(|&(id, _)| id);
    assert_eq!(ended, [(2, 0), (3, -libc::ECANCELED)]);
    requests.end().unwrap();
    assert_eq!(wake(&word, 1), 0);
    assert_eq!(completions.take(), None, "the end has come");
}

#[test]
fn none_is_lost_when_more_end_than_the_queue_holds() {
    let Ok((mut requests, mut completions)) = ring() else {
        return;
    };
    let word = AtomicU32::new(0);
    let count = 3 * COMPLETIONS;
    for id in 0..count {
        requests.futex_wait(id.into(), word.as_ptr(), 0).unwrap();
    }
    for id in 0..100 {
        requests.cancel(id).unwrap();
    }
    assert_eq!(wake(&word, u32::MAX), count - 100);
    let ended = take_all(&mut completions);
    assert_eq!(ended.len(), count as usize);
    let cancelled = ended.iter().filter(|(_, how)| *how == -libc::ECANCELED);
    assert_eq!(cancelled.count(), 100);
}

#[test]
fn what_the_kernel_has_refused_does_not_begin_with_the_next() {
    let refusing = std::fs::File::open("/dev/null").unwrap();
    let (Ok(_), Ok(mut ring)) = (ring(), Ring::new()) else {
        return;
    };
    let word = AtomicU32::new(0);
    let real = std::mem::replace(&mut ring.file, refusing.into());
    let tail = ring.word(ring.offsets.request_tail).load(Ordering::Relaxed);
    let mut requests = Requests(Arc::new(ring));
    requests.futex_wait(1, word.as_ptr(), 0).unwrap_err();
    let ring = Arc::get_mut(&mut requests.0).unwrap();
    ring.file = real;
    let left = ring.word(ring.offsets.request_tail).load(Ordering::Relaxed);
    assert_eq!(left, tail, "the queue is empty");
    let mut completions = Completions(requests.ring());
    requests.futex_wait(2, word.as_ptr(), 0).unwrap();
    assert_eq!(wake(&word, u32::MAX), 1);
    assert_eq!(take_all(&mut completions), [(2, 0)]);
}

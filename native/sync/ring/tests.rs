use super::*;
use crate::memory::mapping::Mapping;

fn word() -> Word {
    let pages = MmapOptions::new().len(4096).map_anon().unwrap();
    let mapping = Arc::new(Mapping::object(pages.into(), 0, 4096));
    Word::new(&mapping, mapping.data() as usize).unwrap()
}

/// Everything that has ended, however often that has to be asked for.
fn take_all(completions: &mut Completions) -> Vec<(Id, Ended)> {
    let mut all = Vec::new();
    loop {
        let some = completions.take();
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

#[test]
fn waits_end_by_value_notification_or_cancelling() {
    let Ok((mut requests, mut completions)) = new() else {
        return; // not on this system
    };
    let word = word();
    assert_eq!(take_all(&mut completions), []);
    requests.start(1, &word, 7).unwrap();
    assert_eq!(take_all(&mut completions), [(1, Ended::NotEqual)]);
    for id in 2..5 {
        requests.start(id, &word, 0).unwrap();
    }
    requests.cancel(3).unwrap();
    requests.cancel(99).unwrap();
    assert_eq!(word.notify(1).unwrap(), 1);
    let mut ended = take_all(&mut completions);
    ended.sort_unstable_by_key(|&(id, _)| id);
    assert_eq!(ended, [(2, Ended::Notified), (3, Ended::Cancelled)]);
    requests.end().unwrap();
    assert_eq!(word.notify(1).unwrap(), 0);
    let ended = take_all(&mut completions);
    assert!(ended.contains(&(4, Ended::Cancelled)) && ended.len() == 2);
}

#[test]
fn none_is_lost_when_more_end_than_the_queue_holds() {
    let Ok((mut requests, mut completions)) = new() else {
        return;
    };
    let word = word();
    let count = 3 * COMPLETIONS;
    for id in 0..count {
        requests.start(id.into(), &word, 0).unwrap();
    }
    for id in 0..100 {
        requests.cancel(id).unwrap();
    }
    assert_eq!(word.notify(u32::MAX).unwrap(), count - 100);
    let ended = take_all(&mut completions);
    assert_eq!(ended.len(), count as usize);
    let cancelled = ended.iter().filter(|(_, how)| *how == Ended::Cancelled);
    assert_eq!(cancelled.count(), 100);
}

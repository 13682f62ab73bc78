use super::*;
use crate::memory::options::{Options, PLAIN};
use crate::memory::unpublished::Unpublished;
use crate::sys::Name;
use std::sync::atomic::{AtomicU32, Ordering};

/// A segment's and an object's key that no other test and no other run uses. What bears them
/// is gone when the test ends, pass or fail.
struct Keys {
    segment: Key,
    object: Key,
}

impl Keys {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let unique = u64::from(std::process::id() * 64 + COUNT.fetch_add(1, Ordering::Relaxed));
        let name = format!("/registry-test-{unique}");
        Self {
            segment: Key::segment(unique | 0x4000_0000),
            object: Key::Object(Name::new(name.as_bytes()).unwrap()),
        }
    }

    fn both(&self) -> [&Key; 2] {
        [&self.segment, &self.object]
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        for key in self.both() {
            let _ = Registry::<()>::default().detach(key, true);
        }
    }
}

fn registry() -> Registry<()> {
    Registry::default()
}

/// Makes memory and registers it; `None` if the key is taken.
fn create(registry: &mut Registry<()>, key: &Key, bytes: usize) -> Option<Arc<Mapping>> {
    let options = Options::new(PLAIN);
    let mut unpublished = Unpublished::create(key, bytes, 0o600, options).unwrap()?;
    unpublished.publish().unwrap().then(|| {
        registry.register(key.clone(), options, &mut unpublished, ());
        Arc::clone(&unpublished.mapping)
    })
}

/// What is attached, attached if it was not yet; `None` if there is nothing.
fn get(registry: &mut Registry<()>, key: &Key) -> Option<Arc<Mapping>> {
    let options = Options::default();
    if let Some(found) = registry.find(key, options).unwrap() {
        return Some(Arc::clone(&found.mapping));
    }
    let mut unpublished = Unpublished::open(key, options).unwrap()?;
    assert!(unpublished.publish().unwrap());
    registry.register(key.clone(), options, &mut unpublished, ());
    Some(Arc::clone(&unpublished.mapping))
}

fn left(registry: &mut Registry<()>, key: &Key, force: bool) -> Option<u32> {
    registry.detach(key, force).left.unwrap()
}

/// The first byte of memory that is mapped as long as the mapping is held.
fn read(mapping: &Mapping) -> u8 {
    // SAFETY: a test's mapping has data, whose addresses are its own after a detach, too.
    unsafe { mapping.data().read_volatile() }
}

fn write(mapping: &Mapping, byte: u8) {
    // SAFETY: as in `read`.
    unsafe { mapping.data().write_volatile(byte) };
}

#[test]
fn a_key_is_mapped_once_and_counted_once() {
    let keys = Keys::new();
    for (key, size) in [(&keys.segment, 100), (&keys.object, 108)] {
        let mut registry = registry();
        let first = create(&mut registry, key, 100).unwrap();
        let mapping = Arc::clone(&first);
        assert_eq!(mapping.len(), 100);
        let again = get(&mut registry, key).unwrap();
        assert!(Arc::ptr_eq(&again, &mapping));
        assert_eq!(registry.total_size(), size);
        assert_eq!(registry.total_created_size(), size);
        assert!(create(&mut registry, key, 100).is_none());
        assert_eq!(registry.total_created_size(), size);
    }
}

#[test]
fn a_detach_counts_what_is_left() {
    let keys = Keys::new();
    let (mut ours, mut theirs) = (registry(), registry());
    for key in keys.both() {
        assert_eq!(left(&mut ours, key, false), None);
        assert_eq!(left(&mut ours, key, true), None);
        create(&mut ours, key, 3333).unwrap();
        get(&mut theirs, key).unwrap();
        assert_eq!(theirs.total_created_size(), 0);
        assert_eq!(left(&mut ours, key, false), Some(1));
        assert_eq!(left(&mut ours, key, false), None);
        assert_eq!(ours.total_size(), 0);
        assert!(ours.total_created_size() >= 3333);
    }
    assert_eq!(left(&mut theirs, &keys.segment, false), Some(0));
    assert_eq!(left(&mut theirs, &keys.object, false), Some(1));
    assert!(get(&mut ours, &keys.segment).is_none());
    assert!(get(&mut ours, &keys.object).is_some());
    assert_eq!(left(&mut ours, &keys.object, true), Some(0));
    assert!(get(&mut theirs, &keys.object).is_none());
}

#[test]
fn a_key_made_anew_by_another_is_the_new_memory() {
    let keys = Keys::new();
    let (mut ours, mut theirs) = (registry(), registry());
    for key in keys.both() {
        create(&mut ours, key, 100).unwrap();
        assert_eq!(left(&mut theirs, key, true), Some(0));
        assert!(get(&mut ours, key).is_none());
        create(&mut theirs, key, 200).unwrap();
        assert_eq!(get(&mut ours, key).unwrap().len(), 200);
        let detached = ours.detach(key, false);
        assert_eq!(detached.ended.len(), 2);
        assert_eq!(detached.left.unwrap(), Some(1));
        assert_eq!(ours.total_size(), 0);
    }
}

#[test]
fn the_end_of_a_registry_detaches_and_a_held_mapping_reads_zeros() {
    let keys = Keys::new();
    let mut ours = registry();
    for key in keys.both() {
        let mapping = create(&mut ours, key, 100).unwrap();
        write(&mapping, 7);
        let mut theirs = registry();
        let theirs = get(&mut theirs, key).unwrap();
        assert_eq!(read(&theirs), 7);
        ours.detach(key, true);
        assert_eq!(read(&mapping), 0);
        write(&mapping, 8);
        assert_eq!(read(&theirs), 7);
    }
    create(&mut ours, &keys.segment, 100).unwrap();
    drop(ours);
    assert!(get(&mut registry(), &keys.segment).is_none());
}

#[test]
fn detach_all_counts_destroyed_segments_and_keeps_objects() {
    let keys = Keys::new();
    let mut ours = registry();
    for key in keys.both() {
        create(&mut ours, key, 100).unwrap();
    }
    let (destroyed, ended) = ours.detach_all(false);
    assert_eq!((destroyed, ended.len()), (1, 2));
    assert_eq!(ours.total_size(), 0);
    assert_eq!(ours.total_created_size(), 108);
    assert!(get(&mut ours, &keys.segment).is_none());
    assert!(get(&mut ours, &keys.object).is_some());
}

#[test]
fn the_exit_leaves_objects_attached() {
    let keys = Keys::new();
    let mut ours = registry();
    for key in keys.both() {
        create(&mut ours, key, 100).unwrap();
    }
    let (destroyed, ended) = ours.detach_all(true);
    assert_eq!((destroyed, ended.len()), (1, 1));
    assert_eq!(ours.total_size(), 108);
}

#[test]
fn unpublished_memory_that_is_dropped_leaves_nothing() {
    let keys = Keys::new();
    let options = Options::default();
    for key in keys.both() {
        let unpublished = Unpublished::create(key, 100, 0o600, options)
            .unwrap()
            .unwrap();
        let mapping = Arc::clone(&unpublished.mapping);
        write(&mapping, 7);
        drop(unpublished);
        assert_eq!(read(&mapping), 0);
        assert!(get(&mut registry(), key).is_none());
        // What was only opened stays.
        let mut theirs = registry();
        create(&mut theirs, key, 100).unwrap();
        drop(Unpublished::open(key, options).unwrap().unwrap());
        assert_eq!(get(&mut theirs, key).unwrap().len(), 100);
    }
}

#[test]
fn an_object_whose_name_is_taken_meanwhile_leaves_the_other_alone() {
    let keys = Keys::new();
    let options = Options::default();
    let mut unpublished = Unpublished::create(&keys.object, 100, 0o600, options)
        .unwrap()
        .unwrap();
    let mut theirs = registry();
    if create(&mut theirs, &keys.object, 200).is_none() {
        return; // this system gives a name at once
    }
    assert!(!unpublished.publish().unwrap());
    drop(unpublished);
    assert_eq!(get(&mut registry(), &keys.object).unwrap().len(), 200);
}

#[test]
fn the_end_of_what_had_the_key_before_is_not_that_of_what_was_created_since() {
    let keys = Keys::new();
    let (mut ours, mut theirs) = (registry(), registry());
    let key = &keys.segment;
    create(&mut theirs, key, 100).unwrap();
    get(&mut ours, key).unwrap();
    assert_eq!(left(&mut theirs, key, true), Some(0));
    create(&mut ours, key, 200).unwrap();
    get(&mut theirs, key).unwrap();
    assert_eq!(left(&mut ours, key, false), Some(1));
    assert_eq!(ours.total_created_size(), 200);
}

#[test]
fn an_address_is_known_while_its_mapping_is_attached() {
    let keys = Keys::new();
    let mut ours = registry();
    for key in keys.both() {
        let mapping = create(&mut ours, key, 100).unwrap();
        let start = mapping.data() as usize;
        for address in [start, start + 99] {
            assert!(Arc::ptr_eq(ours.mapping_at(address).unwrap(), &mapping));
        }
        for address in [start - 1, start + 100] {
            assert!(ours.mapping_at(address).is_none());
        }
        assert!(ours.detach(key, true).left.is_ok());
        assert!(ours.mapping_at(start).is_none());
    }
}

/// How many attachments end, if none has an array.
fn given_back(registry: &mut Registry<()>, addresses: &[usize]) -> usize {
    registry.give_back(addresses.to_vec(), |()| true).len()
}

#[test]
fn what_nobody_can_reach_is_given_back() {
    let keys = Keys::new();
    let (mut ours, mut theirs) = (registry(), registry());
    for key in keys.both() {
        let mapping = create(&mut ours, key, 100).unwrap();
        let start = mapping.data() as usize;
        assert_eq!(given_back(&mut ours, &[start]), 0, "it is in use");
        assert_eq!(left(&mut theirs, key, true), Some(0));
        assert_eq!(given_back(&mut ours, &[start, start]), 0, "it is in use");
        drop(mapping);
        assert!(ours.give_back(vec![start], |()| false).is_empty());
        assert_eq!(given_back(&mut ours, &[start, start]), 1);
        assert_eq!((ours.total_size(), ours.total_created_size()), (0, 0));
        assert_eq!(left(&mut ours, key, false), None);
    }
}

#[test]
fn what_its_key_leads_to_is_looked_at_again_at_each_attach() {
    let mut ours = registry();
    let all: Vec<_> = (0..5).map(|_| Keys::new()).collect();
    for keys in &all {
        let start = create(&mut ours, &keys.object, 100).unwrap().data() as usize;
        assert_eq!(given_back(&mut ours, &[start]), 0);
    }
    for keys in &all {
        assert_eq!(left(&mut registry(), &keys.object, true), Some(0));
    }
    assert_eq!(given_back(&mut ours, &[]), 0, "no look is due");
    let mut ends = Vec::new();
    while ours.begin_looks() {
        ends.push(given_back(&mut ours, &[]));
    }
    assert_eq!(ends, [2, 2, 1]);
    assert_eq!(ours.total_size(), 0);
}

use super::*;
use crate::memory::options::Options;
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
        let unique = std::process::id() * 64 + COUNT.fetch_add(1, Ordering::Relaxed);
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

fn left(registry: &mut Registry<()>, key: &Key, force: bool) -> Option<u32> {
    registry.detach(key, force).left.unwrap()
}

#[test]
fn a_key_is_mapped_once_and_counted_once() {
    let keys = Keys::new();
    for (key, size) in [(&keys.segment, 100), (&keys.object, 108)] {
        let mut registry = registry();
        let first = registry
            .create(key, 100, 0o600, Options::default())
            .unwrap()
            .unwrap();
        let mapping = Arc::clone(&first.mapping);
        assert_eq!(mapping.len(), 100);
        let again = registry.get(key, Options::default()).unwrap().unwrap();
        assert!(Arc::ptr_eq(&again.mapping, &mapping));
        assert_eq!(registry.total_size(), size);
        assert_eq!(registry.total_created_size(), size);
        assert!(registry
            .create(key, 100, 0o600, Options::default())
            .unwrap()
            .is_none());
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
        ours.create(key, 3333, 0o600, Options::default())
            .unwrap()
            .unwrap();
        theirs.get(key, Options::default()).unwrap().unwrap();
        assert_eq!(theirs.total_created_size(), 0);
        assert_eq!(left(&mut ours, key, false), Some(1));
        assert_eq!(left(&mut ours, key, false), None);
        assert_eq!(ours.total_size(), 0);
        assert!(ours.total_created_size() >= 3333);
    }
    assert_eq!(left(&mut theirs, &keys.segment, false), Some(0));
    assert_eq!(left(&mut theirs, &keys.object, false), Some(1));
    assert!(ours
        .get(&keys.segment, Options::default())
        .unwrap()
        .is_none());
    assert!(ours
        .get(&keys.object, Options::default())
        .unwrap()
        .is_some());
    assert_eq!(left(&mut ours, &keys.object, true), Some(0));
    assert!(theirs
        .get(&keys.object, Options::default())
        .unwrap()
        .is_none());
}

#[test]
fn a_key_made_anew_by_another_is_the_new_memory() {
    let keys = Keys::new();
    let (mut ours, mut theirs) = (registry(), registry());
    for key in keys.both() {
        ours.create(key, 100, 0o600, Options::default())
            .unwrap()
            .unwrap();
        assert_eq!(left(&mut theirs, key, true), Some(0));
        assert!(ours.get(key, Options::default()).unwrap().is_none());
        theirs
            .create(key, 200, 0o600, Options::default())
            .unwrap()
            .unwrap();
        assert_eq!(
            ours.get(key, Options::default())
                .unwrap()
                .unwrap()
                .mapping
                .len(),
            200
        );
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
        let mapping = Arc::clone(
            &ours
                .create(key, 100, 0o600, Options::default())
                .unwrap()
                .unwrap()
                .mapping,
        );
        // SAFETY: 100 bytes are mapped, and nobody else has the key.
        unsafe { mapping.data().write_volatile(7) };
        let mut theirs = registry();
        let theirs = &theirs
            .get(key, Options::default())
            .unwrap()
            .unwrap()
            .mapping;
        // SAFETY: as above.
        assert_eq!(unsafe { theirs.data().read_volatile() }, 7);
        ours.detach(key, true);
        // SAFETY: the mapping is held, so its addresses are still ours.
        unsafe {
            assert_eq!(mapping.data().read_volatile(), 0);
            mapping.data().write_volatile(8);
            assert_eq!(theirs.data().read_volatile(), 7);
        }
    }
    ours.create(&keys.segment, 100, 0o600, Options::default())
        .unwrap()
        .unwrap();
    drop(ours);
    assert!(registry()
        .get(&keys.segment, Options::default())
        .unwrap()
        .is_none());
}

#[test]
fn detach_all_counts_destroyed_segments_and_keeps_objects() {
    let keys = Keys::new();
    let mut ours = registry();
    for key in keys.both() {
        ours.create(key, 100, 0o600, Options::default())
            .unwrap()
            .unwrap();
    }
    let (destroyed, ended) = ours.detach_all();
    assert_eq!((destroyed, ended.len()), (1, 2));
    assert_eq!(ours.total_size(), 0);
    assert_eq!(ours.total_created_size(), 108);
    assert!(ours
        .get(&keys.segment, Options::default())
        .unwrap()
        .is_none());
    assert!(ours
        .get(&keys.object, Options::default())
        .unwrap()
        .is_some());
}

#[test]
fn abandoned_memory_is_gone_but_not_what_another_has_made_in_its_place() {
    let keys = Keys::new();
    for key in keys.both() {
        let (mut ours, mut theirs) = (registry(), registry());
        ours.create(key, 100, 0o600, Options::default())
            .unwrap()
            .unwrap();
        ours.abandon(key);
        assert!(theirs.get(key, Options::default()).unwrap().is_none());
        ours.create(key, 100, 0o600, Options::default())
            .unwrap()
            .unwrap();
        assert_eq!(left(&mut theirs, key, true), Some(0));
        theirs
            .create(key, 200, 0o600, Options::default())
            .unwrap()
            .unwrap();
        ours.abandon(key);
        assert_eq!((ours.total_size(), ours.total_created_size()), (0, 0));
        assert_eq!(
            ours.get(key, Options::default())
                .unwrap()
                .unwrap()
                .mapping
                .len(),
            200
        );
    }
}

#[test]
fn the_end_of_what_had_the_key_before_is_not_that_of_what_was_created_since() {
    let keys = Keys::new();
    let (mut ours, mut theirs) = (registry(), registry());
    let key = &keys.segment;
    let plain = Options::default();
    theirs.create(key, 100, 0o600, plain).unwrap().unwrap();
    ours.get(key, plain).unwrap().unwrap();
    assert_eq!(left(&mut theirs, key, true), Some(0));
    ours.create(key, 200, 0o600, plain).unwrap().unwrap();
    theirs.get(key, plain).unwrap().unwrap();
    assert_eq!(left(&mut ours, key, false), Some(1));
    assert_eq!(ours.total_created_size(), 200);
}

#[test]
fn an_address_is_known_while_its_mapping_is_attached() {
    let keys = Keys::new();
    let mut ours = registry();
    for key in keys.both() {
        let mapping = Arc::clone(
            &ours
                .create(key, 100, 0o600, Options::default())
                .unwrap()
                .unwrap()
                .mapping,
        );
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

#[test]
fn a_withdrawn_attachment_leaves_no_trace_and_destroys_nothing() {
    let keys = Keys::new();
    let mut theirs = registry();
    for key in keys.both() {
        theirs
            .create(key, 100, 0o600, Options::default())
            .unwrap()
            .unwrap();
        let mut ours = registry();
        ours.get(key, Options::default()).unwrap().unwrap();
        ours.withdraw(key);
        assert_eq!(ours.total_size(), 0);
        assert_eq!(left(&mut ours, key, false), None);
        assert!(theirs.get(key, Options::default()).unwrap().is_some());
    }
}

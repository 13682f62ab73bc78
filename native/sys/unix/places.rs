//! Where this process keeps objects and the owners' file, if its environment says so.

use std::sync::OnceLock;

use crate::sys::USUAL_PLACES;

/// The longest path of a folder of objects, in bytes.
pub const PLACE_MAX: usize = 255;

/// What the owners' file is called in its folder.
const OWNERS: &str = ".shm-typed-array-owners";

#[derive(Default)]
struct Chosen {
    directory: Option<String>,
    owners: Option<String>,
}

static CHOSEN: OnceLock<Chosen> = OnceLock::new();

/// Sets the folder of objects, and the path of the owners' file, both absolute. The first call in a process
/// counts, and it comes before anything that asks for them.
pub fn choose_places(directory: Option<String>, owners: Option<String>) {
    let _ = CHOSEN.set(Chosen {
        directory: directory.filter(|directory| directory.len() <= PLACE_MAX),
        owners,
    });
}

fn chosen() -> &'static Chosen {
    CHOSEN.get_or_init(Chosen::default)
}

/// The folder that was chosen for objects.
pub fn chosen_directory() -> Option<&'static str> {
    chosen().directory.as_deref()
}

/// The owners' file: the first of these that can be had.
pub fn owners_files() -> Vec<String> {
    if let Some(owners) = &chosen().owners {
        return vec![owners.clone()];
    }
    let folders = chosen_directory().into_iter();
    // Without any choice, all who share memory by name share the first of the usual ones.
    let usual = USUAL_PLACES.iter().copied();
    let usual = usual.skip(usize::from(
        chosen_directory().is_some() && USUAL_PLACES.len() > 1,
    ));
    folders
        .chain(usual)
        .map(|folder| format!("{folder}/{OWNERS}"))
        .collect()
}

//! The asynchronous waits of one owner that have not ended, with what they wait for.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use crate::memory::mapping::Mapping;
use crate::sync::waits::{Ended, Id, Waits};
use crate::sync::word::Word;

/// What an owner is told of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    Ended(Ended),
    /// The memory has been detached.
    Detached,
}

/// How far a wait is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Cancelled,
    /// Cancelled by a detach.
    Detached,
    /// Ended, and the owner has not been told yet.
    Ended(Ended),
}

impl Stage {
    fn is_under_way(self) -> bool {
        matches!(self, Self::Waiting | Self::Cancelled)
    }
}

struct Pending {
    word: Word,
    stage: Stage,
    keeps_alive: bool,
}

impl Pending {
    /// The notification that has ended it is the next waiter's.
    fn pass_on(&self, how: Ended) {
        if how == Ended::Notified {
            // It fails for an address only.
            let _ = self.word.notify(1);
        }
    }
}

/// A mapping as a number. The word of a wait keeps it, so no other one has that number meanwhile.
fn place_of(mapping: &Arc<Mapping>) -> usize {
    Arc::as_ptr(mapping) as usize
}

pub struct Table {
    waits: Box<dyn Waits>,
    pending: BTreeMap<Id, Pending>,
    /// The same by mapping: a detach must not have to look at the waits for other memory.
    by_mapping: BTreeSet<(usize, Id)>,
    /// Whether the system has refused to end all waits on memory that was detached.
    has_left: bool,
    /// How many of them are to keep the process alive.
    keeping_alive: usize,
    /// Waits that were found to have ended during a detach, and of which the owner is to be told.
    ended: Vec<(Id, Ended)>,
}

impl Table {
    pub fn new(waits: Box<dyn Waits>) -> Self {
        Self {
            waits,
            pending: BTreeMap::new(),
            by_mapping: BTreeSet::new(),
            has_left: false,
            keeping_alive: 0,
            ended: Vec::new(),
        }
    }

    /// The system call that an error of a start or a cancel is of.
    pub fn syscall(&self) -> &'static str {
        self.waits.syscall()
    }

    /// Starts to wait for `word`, if it holds `expected`.
    pub fn start(&mut self, word: Word, expected: u32, keeps_alive: bool) -> io::Result<Id> {
        let id = self.waits.start(&word, expected)?;
        self.keeping_alive += usize::from(keeps_alive);
        self.by_mapping.insert((place_of(word.mapping()), id));
        let pending = Pending {
            word,
            stage: Stage::Waiting,
            keeps_alive,
        };
        self.pending.insert(id, pending);
        Ok(id)
    }

    /// Whether one of the waits is to keep the process alive.
    pub fn keeps_alive(&self) -> bool {
        self.keeping_alive > 0
    }

    /// Cancels a wait, unless it has ended.
    pub fn cancel(&mut self, id: Id) -> io::Result<()> {
        self.end_early(id, Stage::Cancelled)
    }

    fn end_early(&mut self, id: Id, stage: Stage) -> io::Result<()> {
        let Some(pending) = self.pending.get_mut(&id) else {
            return Ok(());
        };
        if pending.stage == Stage::Waiting {
            self.waits.cancel(id)?;
        }
        if pending.stage.is_under_way() {
            pending.stage = stage;
        }
        Ok(())
    }

    /// To be called before memory is detached: ends the waits on it. A notification that has reached
    /// one of them goes on to the next waiter, somewhere else. Where the system refuses, the rest
    /// can be ended later by [`Table::cancel_detached`].
    pub fn end_on(&mut self, mappings: &[Arc<Mapping>]) -> io::Result<()> {
        let places = mappings.iter().map(place_of);
        let waits = places.flat_map(|place| self.by_mapping.range((place, 0)..=(place, Id::MAX)));
        let mut ids: Vec<Id> = waits.map(|(_, id)| *id).collect();
        ids.sort_unstable();
        self.end(ids)
    }

    /// The same for all waits.
    pub fn end_all(&mut self) -> io::Result<()> {
        let ids = self.pending.keys().copied().collect();
        self.end(ids)
    }

    /// `ids` are in their order.
    fn end(&mut self, ids: Vec<Id>) -> io::Result<()> {
        let mut ending = Vec::new();
        let mut cancelled = Ok(());
        for id in ids {
            let Some(pending) = self.pending.get_mut(&id) else {
                continue;
            };
            if pending.stage == Stage::Detached {
                continue;
            }
            if pending.stage == Stage::Waiting {
                cancelled = self.waits.cancel(id);
                if cancelled.is_err() {
                    self.has_left = true;
                    break;
                }
            }
            if let Stage::Ended(how) = pending.stage {
                pending.pass_on(how);
            } else {
                ending.push(id);
            }
            pending.stage = Stage::Detached;
        }
        let mut left = ending.len();
        while left > 0 {
            let ended = self.waits.take_some();
            for (id, how) in &ended {
                // Each is reported once.
                if ending.binary_search(id).is_ok() {
                    left -= 1;
                    self.pending[id].pass_on(*how);
                }
            }
            self.mark_ended(&ended);
            self.ended.extend(ended);
        }
        cancelled
    }

    /// Cancels the waits on memory that has been detached.
    pub fn cancel_detached(&mut self) -> io::Result<()> {
        if !self.has_left {
            return Ok(());
        }
        let pending = self.pending.iter();
        let left = pending.filter(|(_, pending)| pending.word.mapping().is_retired());
        let ids: Vec<Id> = left.map(|(id, _)| *id).collect();
        ids.into_iter()
            .try_for_each(|id| self.end_early(id, Stage::Detached))?;
        self.has_left = false;
        Ok(())
    }

    /// The waits that have ended since the last call. Each is to be [finished](Table::finish).
    pub fn take(&mut self) -> Vec<(Id, Ended)> {
        let mut ended = std::mem::take(&mut self.ended);
        ended.extend(self.waits.take());
        self.mark_ended(&ended);
        ended
    }

    fn mark_ended(&mut self, ended: &[(Id, Ended)]) {
        for (id, how) in ended {
            if let Some(pending) = self.pending.get_mut(id) {
                if pending.stage.is_under_way() {
                    pending.stage = Stage::Ended(*how);
                }
            }
        }
    }

    /// Forgets a wait that has ended; what the owner is to be told.
    pub fn finish(&mut self, id: Id, how: Ended) -> Option<Report> {
        let pending = self.pending.remove(&id)?;
        self.by_mapping
            .remove(&(place_of(pending.word.mapping()), id));
        self.keeping_alive -= usize::from(pending.keeps_alive);
        let is_detached = pending.stage == Stage::Detached || pending.word.mapping().is_retired();
        Some(if is_detached {
            Report::Detached
        } else {
            Report::Ended(how)
        })
    }
}

//! The asynchronous waits of one owner that have not ended, with what they wait for.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::sync::Arc;

use crate::memory::mapping::Mapping;
use crate::sync::waits::{Ended, Id, Waits};
use crate::sync::word::Word;

/// What an owner is told of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
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
    Ended,
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

pub struct Table {
    waits: Box<dyn Waits>,
    pending: BTreeMap<Id, Pending>,
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
            keeping_alive: 0,
            ended: Vec::new(),
        }
    }

    /// Starts to wait for `word`, if it holds `expected`.
    pub fn start(&mut self, word: Word, expected: u32, keeps_alive: bool) -> io::Result<Id> {
        let id = self.waits.start(&word, expected)?;
        self.keeping_alive += usize::from(keeps_alive);
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

    /// Cancels waits, as far as they have not ended. The system looks for a wait among all, the
    /// youngest first; in that order it finds many at a cost that grows with their number only.
    pub fn cancel(&mut self, mut ids: Vec<Id>) -> io::Result<()> {
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.into_iter()
            .try_for_each(|id| self.cancel_one(id, Stage::Cancelled))
    }

    fn cancel_one(&mut self, id: Id, stage: Stage) -> io::Result<()> {
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
    pub fn end_on(&mut self, goes: impl Fn(&Arc<Mapping>) -> bool) -> io::Result<()> {
        let ids = self.waits_on(goes);
        let cancelled = ids
            .iter()
            .try_for_each(|id| self.cancel_one(*id, Stage::Detached));
        let mut ending: HashSet<Id> = ids
            .into_iter()
            .filter(|id| self.pending[id].stage == Stage::Detached)
            .collect();
        while !ending.is_empty() {
            let ended = self.waits.take_some();
            for (id, how) in &ended {
                if ending.remove(id) && *how == Ended::Notified {
                    // It fails for an address only.
                    let _ = self.pending[id].word.notify(1);
                }
            }
            self.mark_ended(&ended);
            self.ended.extend(ended);
        }
        cancelled
    }

    /// Cancels the waits on memory that has been detached.
    pub fn cancel_detached(&mut self) -> io::Result<()> {
        self.waits_on(|mapping| mapping.is_retired())
            .into_iter()
            .try_for_each(|id| self.cancel_one(id, Stage::Detached))
    }

    /// The youngest first.
    fn waits_on(&self, goes: impl Fn(&Arc<Mapping>) -> bool) -> Vec<Id> {
        let pending = self.pending.iter().rev();
        let going = pending
            .filter(|(_, pending)| pending.stage.is_under_way() && goes(pending.word.mapping()));
        going.map(|(id, _)| *id).collect()
    }

    /// The waits that have ended since the last call. Each is to be [finished](Table::finish).
    pub fn take(&mut self) -> Vec<(Id, Ended)> {
        let mut ended = std::mem::take(&mut self.ended);
        ended.extend(self.waits.take());
        self.mark_ended(&ended);
        ended
    }

    fn mark_ended(&mut self, ended: &[(Id, Ended)]) {
        for (id, _) in ended {
            if let Some(pending) = self.pending.get_mut(id) {
                if pending.stage.is_under_way() {
                    pending.stage = Stage::Ended;
                }
            }
        }
    }

    /// Forgets a wait that has ended; what the owner is to be told.
    pub fn finish(&mut self, id: Id, how: Ended) -> Option<Told> {
        let pending = self.pending.remove(&id)?;
        self.keeping_alive -= usize::from(pending.keeps_alive);
        let is_detached = pending.stage == Stage::Detached || pending.word.mapping().is_retired();
        Some(if is_detached {
            Told::Detached
        } else {
            Told::Ended(how)
        })
    }
}

//! What is attached and has no array: its key may lead elsewhere at any time, so it is looked at in turn.

use std::collections::BTreeSet;
use std::mem::take;

/// How many are looked at for each new attachment.
const LOOKS_PER_ATTACH: usize = 2;

/// Where the data of each begins.
#[derive(Default)]
pub struct Waiting {
    addresses: BTreeSet<usize>,
    /// The one that was looked at last.
    last: usize,
    /// How many looks are due.
    due: usize,
}

impl Waiting {
    pub fn add(&mut self, address: usize) {
        self.addresses.insert(address);
    }

    pub fn remove(&mut self, address: usize) {
        self.addresses.remove(&address);
    }

    /// To be called for each attach: whether looks are due from now on.
    pub fn begin_looks(&mut self) -> bool {
        if self.addresses.is_empty() {
            return false;
        }
        self.due += LOOKS_PER_ATTACH;
        self.due == LOOKS_PER_ATTACH
    }

    /// Those whose turn it is.
    pub fn take_due(&mut self) -> Vec<usize> {
        let due = take(&mut self.due).min(self.addresses.len());
        let next = self.addresses.range(self.last.saturating_add(1)..);
        let turn: Vec<_> = next.chain(&self.addresses).take(due).copied().collect();
        self.last = turn.last().copied().unwrap_or(self.last);
        turn
    }
}

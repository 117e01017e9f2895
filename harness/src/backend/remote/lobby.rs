//! Where samples of one prompt meet that may share a request.
//!
//! The first one to come leads: it waits for a place at a server, and whoever joins meanwhile goes with
//! it. A failure is the leader's alone, for there was one request; the others gather again. So each
//! sample ends by an answer of its own or by a failure of a request that it led or sent alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tasks::Completion;
use tokio::sync::{Notify, oneshot};

/// How long a leader waits for others, which the engine hands over one right after the other.
const GATHERING: Duration = Duration::from_millis(50);

/// What all samples of a prompt have in common, and no other sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Prompt([u8; 32]);

/// Samples that wait, by their prompts.
#[derive(Debug)]
pub(super) struct Lobby {
    /// Samples of one request at most.
    most: usize,
    is_open: AtomicBool,
    groups: Mutex<HashMap<Prompt, Arc<Group>>>,
}

/// Samples that go with their leader.
#[derive(Debug, Default)]
struct Group {
    others: Mutex<Vec<oneshot::Sender<Lot>>>,
    is_full: Notify,
}

/// What a sample becomes.
pub(super) enum Role<'a> {
    /// The first one: it asks.
    Leader(Party<'a>),
    /// One of the others: it waits for what the leader brings. Where that is nothing, it comes again.
    Follower(oneshot::Receiver<Lot>),
}

/// What a follower gets.
#[derive(Debug)]
pub(super) enum Lot {
    /// An answer of its own.
    Answer(Box<Completion>),
    /// The server had none for it, so that it asks alone.
    Alone,
}

/// The leader's hold on its group. When it is dropped, the others gather again.
#[derive(Debug)]
pub(super) struct Party<'a> {
    lobby: &'a Lobby,
    prompt: Prompt,
    group: Arc<Group>,
}

impl Prompt {
    /// The prompt of a request with this body, but for its seed.
    pub(super) fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }
}

impl Lobby {
    /// For requests of `most` samples; with fewer than two nobody meets.
    pub(super) fn new(most: usize) -> Self {
        Self { most, is_open: AtomicBool::new(most > 1), groups: Mutex::default() }
    }

    /// Samples of one request at most.
    pub(super) fn most(&self) -> usize {
        if self.is_open.load(Ordering::Relaxed) { self.most } else { 1 }
    }

    /// From now on every sample asks alone; whether that is news.
    pub(super) fn shut(&self) -> bool {
        self.is_open.swap(false, Ordering::Relaxed)
    }

    /// Comes in.
    pub(super) fn join(&self, prompt: Prompt) -> Role<'_> {
        let mut groups = self.groups();
        if let Some(group) = groups.get(&prompt) {
            let mut others = lock(&group.others);
            if others.len() + 1 < self.most {
                let (sender, receiver) = oneshot::channel();
                others.push(sender);
                if others.len() + 1 == self.most {
                    group.is_full.notify_one();
                }
                return Role::Follower(receiver);
            }
        }
        // A group that is full belongs to its leader, and the next one takes its place.
        let group = Arc::<Group>::default();
        groups.insert(prompt, Arc::clone(&group));
        Role::Leader(Party { lobby: self, prompt, group })
    }

    fn groups(&self) -> MutexGuard<'_, HashMap<Prompt, Arc<Group>>> {
        lock(&self.groups)
    }
}

impl Party<'_> {
    /// Gives others the time to come.
    pub(super) async fn gather(&self) {
        drop(tokio::time::timeout(GATHERING, self.group.is_full.notified()).await);
    }

    /// How many others wait.
    pub(super) fn n_others(&self) -> usize {
        let others = lock(&self.group.others);
        others.iter().filter(|other| !other.is_closed()).count()
    }

    /// Leaves with at most `n_most` of the others; the rest gather again.
    pub(super) fn leave(self, n_most: usize) -> Vec<oneshot::Sender<Lot>> {
        let mut others = self.close();
        // Of a sample that was called off nobody waits for an answer.
        others.retain(|other| !other.is_closed());
        others.truncate(n_most);
        others
    }

    /// Lets nobody else join.
    fn close(&self) -> Vec<oneshot::Sender<Lot>> {
        let mut groups = self.lobby.groups();
        if groups.get(&self.prompt).is_some_and(|group| Arc::ptr_eq(group, &self.group)) {
            groups.remove(&self.prompt);
        }
        std::mem::take(&mut lock(&self.group.others))
    }
}

impl Drop for Party<'_> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Lists of senders are valid at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(lobby: &Lobby, n_samples: usize) -> (Vec<Party<'_>>, Vec<oneshot::Receiver<Lot>>) {
        let (mut leaders, mut followers) = (Vec::new(), Vec::new());
        for _ in 0..n_samples {
            match lobby.join(Prompt::of(b"p")) {
                Role::Leader(party) => leaders.push(party),
                Role::Follower(receiver) => followers.push(receiver),
            }
        }
        (leaders, followers)
    }

    #[tokio::test]
    async fn groups_have_a_size_and_every_follower_hears_of_its_lot() {
        let lobby = Lobby::new(3);
        let (leaders, mut followers) = roles(&lobby, 8);
        let sizes: Vec<usize> = leaders.iter().map(Party::n_others).collect();
        assert_eq!(sizes, [2, 2, 1]);
        let mut leaders = leaders.into_iter();
        // A leader that is called off, one that has no room for all, and one that brings an answer.
        drop(leaders.next());
        let taken = leaders.next().expect("the second group").leave(1);
        assert_eq!(taken.len(), 1);
        for other in taken {
            drop(other.send(Lot::Alone));
        }
        drop(followers.pop());
        assert_eq!(leaders.next().expect("the third group").leave(9).len(), 0);
        let mut lots = Vec::new();
        for follower in followers {
            lots.push(follower.await.is_ok());
        }
        assert_eq!(lots, [false, false, true, false]);
        assert!(lobby.groups().is_empty());
        assert!(lobby.shut() && !lobby.shut());
        assert_eq!(lobby.most(), 1);
    }
}

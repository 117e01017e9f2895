//! Results that are worked out once and shared.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Results by key. Whoever asks for one that is being worked out waits for it; an error is not kept.
pub(crate) struct OncePerKey<K, V>(Mutex<HashMap<K, Slot<V>>>);

/// Empty until the first result.
type Slot<V> = Arc<Mutex<Option<V>>>;

impl<K, V> Default for OncePerKey<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq, V: Clone> OncePerKey<K, V> {
    /// The result for `key`, worked out by `work` unless it is there.
    pub(crate) fn get_or_try<E>(
        &self,
        key: K,
        work: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        let slot = {
            let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(key).or_default())
        };
        let mut value = slot.lock().unwrap_or_else(PoisonError::into_inner);
        match &*value {
            Some(value) => Ok(value.clone()),
            None => Ok(value.insert(work()?).clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_kept_and_errors_are_not() {
        let kept = OncePerKey::default();
        assert_eq!(kept.get_or_try("a", || Err("busy")), Err("busy"));
        assert_eq!(kept.get_or_try("a", || Ok::<_, &str>(1)), Ok(1));
        assert_eq!(kept.get_or_try("a", || Err("busy")), Ok(1));
        assert_eq!(kept.get_or_try("b", || Ok::<_, &str>(2)), Ok(2));
    }
}

//! How urgent a read is that is under way. It may wait for its turn for seconds, and become more urgent meanwhile.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::engine::work::Priority;

tokio::task_local! {
    static READ: ReadPriority;
}

/// The priority of one read, which all its calls go by. It only ever rises.
#[derive(Clone, Debug)]
pub struct ReadPriority(Arc<AtomicUsize>);

impl ReadPriority {
    /// The priority with which a read begins.
    pub fn new(priority: Priority) -> Self {
        Self(Arc::new(AtomicUsize::new(priority.rank())))
    }

    /// Makes the read at least as urgent as this.
    pub fn raise(&self, priority: Priority) {
        self.0.fetch_min(priority.rank(), Ordering::Relaxed);
    }

    /// Makes the calls of `read` as urgent as this says at each moment.
    pub async fn scope<T>(self, read: impl Future<Output = T>) -> T {
        READ.scope(self, read).await
    }
}

/// How urgent a call is now that began with this priority.
pub(super) fn now(priority: Priority) -> Priority {
    let raised = READ.try_with(|it| it.0.load(Ordering::Relaxed)).ok();
    let raised = raised.and_then(|it| Priority::ALL.get(it).copied());
    raised.map_or(priority, |it| it.min(priority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_read_only_becomes_more_urgent() {
        assert_eq!(now(Priority::Audit), Priority::Audit);
        let read_priority = ReadPriority::new(Priority::Audit);
        let other = read_priority.clone();
        let read = async {
            assert_eq!(now(Priority::Audit), Priority::Audit);
            assert_eq!(now(Priority::Write), Priority::Write);
            other.raise(Priority::Mover);
            other.raise(Priority::List);
            now(Priority::Audit)
        };
        assert_eq!(read_priority.scope(read).await, Priority::Mover);
    }
}

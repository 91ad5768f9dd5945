//! Wake-ups by topic, within one process.
//!
//! A signal says only "look again". It carries no data and may be lost, so whoever waits for one
//! also looks again after a while by itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::sync::watch;

/// Where wake-ups are sent and received. Clones share their topics.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    topics: Arc<Mutex<HashMap<String, watch::Sender<()>>>>,
}

impl Signals {
    /// No topics yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes everyone who waits for the topic. Never blocks, and costs next to nothing when
    /// nobody does.
    pub fn wake(&self, topic: &str) {
        let mut topics = self.topics();
        if let Some(sender) = topics.get(topic)
            && sender.send(()).is_err()
        {
            // The last subscriber is gone; topics named after passing things must not pile up.
            topics.remove(topic);
        }
    }

    /// Starts to collect the wake-ups of a topic, from now on.
    pub fn subscribe(&self, topic: &str) -> Subscribed {
        let mut topics = self.topics();
        let receiver = match topics.get(topic) {
            Some(sender) => sender.subscribe(),
            None => {
                let (sender, receiver) = watch::channel(());
                topics.insert(topic.to_owned(), sender);
                receiver
            }
        };
        Subscribed { receiver }
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.topics.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// One subscription to a topic; ends when it is dropped.
#[derive(Debug)]
pub struct Subscribed {
    receiver: watch::Receiver<()>,
}

impl Subscribed {
    /// Waits for a wake-up that came since the last call (or since the subscription). Many of them
    /// count as one. Waits for ever once every [`Signals`] is gone.
    ///
    /// Nothing is lost when the returned future is dropped before it is ready.
    pub async fn notified(&mut self) {
        if self.receiver.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::Signals;

    #[test]
    fn many_wakes_before_the_look_are_one() {
        let signals = Signals::new();
        let mut jobs = signals.subscribe("jobs");
        assert!(jobs.notified().now_or_never().is_none(), "nothing was sent yet");
        signals.wake("jobs");
        signals.wake("jobs");
        assert!(jobs.notified().now_or_never().is_some());
        assert!(jobs.notified().now_or_never().is_none(), "both were taken together");
    }

    #[test]
    fn every_subscriber_of_the_topic_and_nobody_else_is_woken() {
        let signals = Signals::new();
        let (mut one, mut two) = (signals.subscribe("jobs"), signals.subscribe("jobs"));
        let mut other = signals.subscribe("events");
        signals.wake("jobs");
        assert!(one.notified().now_or_never().is_some());
        assert!(two.notified().now_or_never().is_some());
        assert!(other.notified().now_or_never().is_none());
    }

    #[test]
    fn a_topic_without_subscribers_is_forgotten_and_can_come_back() {
        let signals = Signals::new();
        drop(signals.subscribe("member 7"));
        signals.wake("member 7");
        assert!(signals.topics().is_empty());
        let mut again = signals.subscribe("member 7");
        signals.wake("member 7");
        assert!(again.notified().now_or_never().is_some());
    }

    #[test]
    fn the_end_of_all_signals_wakes_nobody() {
        let signals = Signals::new();
        let mut jobs = signals.subscribe("jobs");
        drop(signals);
        assert!(jobs.notified().now_or_never().is_none());
    }
}

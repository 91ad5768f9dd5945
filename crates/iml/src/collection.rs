//! Ordered keys with values, found without hashing a name that was hashed before.

use crate::value::{Text, Value};

/// A name with its hash, computed once.
#[derive(Clone, Debug)]
pub struct Key {
    hash: u64,
    name: Text,
}

impl Key {
    /// A key of this name.
    pub fn new(name: impl Into<Text>) -> Self {
        let name = name.into();
        Self { hash: hash(&name), name }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &Text {
        &self.name
    }

    fn is(&self, other: &Self) -> bool {
        self.hash == other.hash && self.name == other.name
    }
}

// Letters of either case hash alike, so that names of headers can be found by the same index.
// Nobody gains by making hashes collide: an index is sorted by hash and then by name.
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Up to this many entries are looked through one by one.
const SMALL: usize = 8;

/// Ordered keys with values. No key occurs twice.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    entries: Vec<(Key, Value)>,
    // Hashes and positions of the entries in the order of their keys; empty when there are few.
    index: Vec<(u64, u32)>,
    any_case: bool,
}

impl Collection {
    /// One with these entries. Of those with the same key the last value counts, in the place of the
    /// first.
    #[must_use]
    pub fn new(entries: Vec<(Key, Value)>) -> Self {
        let mut collection = Self { entries, index: Vec::new(), any_case: false };
        collection.settle();
        collection
    }

    /// One from names and values.
    pub fn of<N: Into<Text>>(entries: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::new(entries.into_iter().map(|(name, value)| (Key::new(name), value)).collect())
    }

    /// The same, with names found without regard to the case of ASCII letters, as those of HTTP
    /// headers are.
    #[must_use]
    pub fn in_any_case(mut self) -> Self {
        self.any_case = true;
        self
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Value> {
        let exact = if self.index.is_empty() {
            self.entries.iter().position(|(other, _)| other.is(key))
        } else {
            self.index
                .binary_search_by(|(hash, at)| {
                    hash.cmp(&key.hash).then_with(|| self.key(*at).name.cmp(&key.name))
                })
                .ok()
                .map(|found| self.index[found].1 as usize)
        };
        match exact {
            Some(at) => Some(&self.entries[at].1),
            None if self.any_case => self.in_other_case(key),
            None => None,
        }
    }

    /// The value of a name.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&Value> {
        self.get(&Key::new(name))
    }

    /// The entries in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(Key, Value)> + DoubleEndedIterator {
        self.entries.iter()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn key(&self, at: u32) -> &Key {
        &self.entries[at as usize].0
    }

    fn in_other_case(&self, key: &Key) -> Option<&Value> {
        let alike =
            |other: &Key| other.hash == key.hash && other.name.eq_ignore_ascii_case(&key.name);
        if self.index.is_empty() {
            return self.entries.iter().find(|(other, _)| alike(other)).map(|(_, value)| value);
        }
        let first = self.index.partition_point(|(hash, _)| *hash < key.hash);
        self.index[first..]
            .iter()
            .take_while(|(hash, _)| *hash == key.hash)
            .find(|(_, at)| alike(self.key(*at)))
            .map(|(_, at)| &self.entries[*at as usize].1)
    }

    // Removes what a later entry replaces, and builds the index.
    fn settle(&mut self) {
        if self.entries.len() <= SMALL {
            let mut at = 1;
            while at < self.entries.len() {
                let (before, rest) = self.entries.split_at_mut(at);
                match before.iter_mut().find(|(key, _)| key.is(&rest[0].0)) {
                    Some((_, value)) => {
                        *value = std::mem::take(&mut rest[0].1);
                        self.entries.remove(at);
                    }
                    None => at += 1,
                }
            }
            return;
        }
        let mut order = self.sorted();
        let repeated: Vec<(u32, u32)> = order
            .windows(2)
            .filter(|pair| self.key(pair[0].1).is(self.key(pair[1].1)))
            .map(|pair| (pair[0].1, pair[1].1))
            .collect();
        if !repeated.is_empty() {
            let mut gone = vec![false; self.entries.len()];
            // Within equal keys the order is that of the entries, so values move down to the first.
            for (keep, drop) in repeated.into_iter().rev() {
                self.entries[keep as usize].1 = std::mem::take(&mut self.entries[drop as usize].1);
                gone[drop as usize] = true;
            }
            let mut at = 0;
            self.entries.retain(|_| {
                at += 1;
                !gone[at - 1]
            });
            order = self.sorted();
        }
        if self.entries.len() > SMALL {
            self.index = order;
        }
    }

    fn sorted(&self) -> Vec<(u64, u32)> {
        let count = u32::try_from(self.entries.len()).expect("fewer entries than bytes of memory");
        let mut order: Vec<_> = (0..count).map(|at| (self.key(at).hash, at)).collect();
        order.sort_by(|(a_hash, a), (b_hash, b)| {
            a_hash.cmp(b_hash).then_with(|| self.key(*a).name.cmp(&self.key(*b).name))
        });
        order
    }
}

impl<N: Into<Text>> FromIterator<(N, Value)> for Collection {
    fn from_iter<I: IntoIterator<Item = (N, Value)>>(entries: I) -> Self {
        Self::of(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(names: &[&str]) -> Collection {
        let value = |at: usize| Value::Number(f64::from(u32::try_from(at).expect("few")));
        Collection::of(names.iter().enumerate().map(|(at, name)| (*name, value(at))))
    }

    fn number(collection: &Collection, name: &str) -> Option<f64> {
        match collection.by_name(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    #[test]
    fn a_later_value_takes_the_place_of_an_earlier_one() {
        for filler in [0, 20] {
            let filling: Vec<String> = (0..filler).map(|at| format!("filler{at}")).collect();
            let mut names = vec!["a", "b", "a", "c", "a", "b"];
            names.extend(filling.iter().map(String::as_str));
            let collection = numbered(&names);
            let order: Vec<_> = collection.iter().take(3).map(|(key, _)| &**key.name()).collect();
            assert_eq!(order, ["a", "b", "c"]);
            assert_eq!(number(&collection, "a"), Some(4.0));
            assert_eq!(number(&collection, "b"), Some(5.0));
            assert_eq!(number(&collection, "c"), Some(3.0));
            assert_eq!(collection.len(), 3 + filler);
        }
    }

    #[test]
    fn names_are_exact_unless_they_are_those_of_headers() {
        for filler in [0, 20] {
            let filling: Vec<String> = (0..filler).map(|at| format!("filler{at}")).collect();
            let mut names = vec!["x-rate", "X-Other"];
            names.extend(filling.iter().map(String::as_str));
            let exact = numbered(&names);
            assert_eq!(number(&exact, "X-Rate"), None);
            assert_eq!(number(&exact, "x-rate"), Some(0.0));
            let headers = exact.in_any_case();
            assert_eq!(number(&headers, "X-Rate"), Some(0.0));
            assert_eq!(number(&headers, "x-other"), Some(1.0));
            assert_eq!(number(&headers, "x-none"), None);
        }
    }
}

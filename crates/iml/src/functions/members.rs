//! A set of texts that is asked often.

/// Texts that are found in about the same time however many there are, and in the time of a binary
/// search whatever somebody makes their hashes be.
pub(super) struct Members<'t> {
    // In the order of their hashes, and of the texts where those are the same.
    texts: Vec<(u64, &'t str)>,
    // Where the hashes begin that have these upper bits; one more than there are such beginnings.
    starts: Vec<u32>,
    shift: u32,
}

impl<'t> Members<'t> {
    /// The set of these.
    pub(super) fn new(texts: impl Iterator<Item = &'t str>) -> Self {
        let mut texts: Vec<_> = texts.map(|text| (hash(text), text)).collect();
        texts.sort_unstable();
        texts.dedup();
        let bits = texts.len().next_power_of_two().trailing_zeros().clamp(1, 24);
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut at = 0;
        for beginning in 0..1_u64 << bits {
            while texts.get(at).is_some_and(|(hash, _)| hash >> shift < beginning) {
                at += 1;
            }
            starts.push(u32::try_from(at).expect("fewer texts than bytes of memory"));
        }
        starts.push(u32::try_from(texts.len()).expect("fewer texts than bytes of memory"));
        Self { texts, starts, shift }
    }

    /// Whether this one is in it.
    pub(super) fn contain(&self, text: &str) -> bool {
        let hash = hash(text);
        let beginning = usize::try_from(hash >> self.shift).expect("a few bits");
        let alike = self.starts[beginning] as usize..self.starts[beginning + 1] as usize;
        self.texts[alike].binary_search(&(hash, text)).is_ok()
    }
}

// Eight bytes at a time; the upper bits, which choose the place, come out mixed.
fn hash(text: &str) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, next: u64| {
        let mixed = (hash ^ next).wrapping_mul(ODD);
        mixed ^ (mixed >> 29)
    };
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let hash =
        words.iter().fold(text.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(hash, u64::from_le_bytes(last)).wrapping_mul(ODD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_it_is_found_and_nothing_else() {
        for count in [0, 1, 2, 3, 100, 5000] {
            let texts: Vec<String> = (0..count).map(|at| format!("žluť {at}")).collect();
            let twice = texts.iter().chain(&texts).map(String::as_str);
            let members = Members::new(twice);
            assert!(texts.iter().all(|text| members.contain(text)), "{count}");
            assert!((count..2 * count + 2).all(|at| !members.contain(&format!("žluť {at}"))));
            assert!(!members.contain(""));
            assert_eq!(members.texts.len(), texts.len());
        }
        let with_nothing = Members::new([""].into_iter());
        assert!(with_nothing.contain("") && !with_nothing.contain("\0"));
    }

    #[test]
    fn texts_are_spread() {
        let texts: Vec<String> = (0..4096).map(|at| at.to_string()).collect();
        let members = Members::new(texts.iter().map(String::as_str));
        let most = members.starts.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(most < Some(10), "{most:?} in one place");
    }
}

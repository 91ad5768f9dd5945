//! temporary
/// temp
pub fn hex(n: usize) -> String {
    let mut b = vec![0u8; n];
    #[expect(clippy::disallowed_methods, reason = "x")]
    getrandom::fill(&mut b).expect("os");
    ::hex::encode(b)
}
